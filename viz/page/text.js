// Every word of the page, in both languages, and how numbers are written. Names of nodes come from
// outside and only ever go through textContent. Korean sentences put a colon or a bracket where a
// particle would depend on the last letter of a name.

function show(number, digits = 6) {
  if (typeof number === "boolean") return number ? "True" : "False";
  if (Number.isNaN(number)) return "NaN";
  if (!Number.isFinite(number)) return number > 0 ? "∞" : "-∞";
  if (number === 0) return "0";
  const [mantissa, exponent] = number.toExponential(digits - 1).split("e");
  const trim = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
  if (exponent < -4 || exponent >= digits) return `${trim(mantissa)}e${Number(exponent)}`;
  return trim(number.toPrecision(digits));
}

// A negative number as a factor or term stands in brackets.
const bracket = (number) => (show(number).startsWith("-") ? `(${show(number)})` : show(number));

const texts = {
  en: {
    otherLanguage: "한국어", otherLanguageCode: "ko",
    graph: "Graph", legend: "Legend", view: "View", playback: "Playback",
    wrongOrder: "Wrong order", noWrongOrder: "A single leaf has no order: nothing was computed from it",
    theme: "Light or dark", turn: "Turn the graph", smaller: "Zoom out",
    larger: "Zoom in", fit: "Show all", first: "First step", previous: "Previous step",
    play: "Play", pause: "Pause", next: "Next step", last: "Last step", scrubber: "Step",
    speed: "Speed", forwardName: "Forward", backwardName: "Backward", wrongName: "Wrong order",
    data: "data", grad: "grad", sameShort: "✓ same", wrongShort: "✗ wrong", soFar: "… so far",
    keys: "Keys: ← → step · Space plays · Home, End · Enter on a node shows it",
    legendData: "data: the number", legendGrad: "grad: how the result changes with it",
    legendSlope: "on an arrow: local derivative", legendWrong: "✗ counted again",
    summary: (nodes, leaves) => `${nodes} nodes, ${leaves} leaves`,
    leaf: "leaf", root: "result",
    start: "Nothing is computed yet. Press play, or step with the arrow keys.",
    startTitle: "Ready",
    stepTitle: (phase, k, n) => `${phase} ${k} of ${n}`,
    given: (name, value) => `${name} is given: ${value}.`,
    computed: (name, formula, numbers, value) =>
      `${name} = ${formula} = ${numbers} = ${value}.`,
    recorded: (name, value) => `${name} was computed by Python: ${value}.`,
    seed: (name) => `Every gradient starts here: ${name} changes as itself, so its gradient is 1.`,
    arrived: (name, g, paths) => paths > 1
      ? `At ${name} all ${paths} paths have arrived; their sum is ${g}.`
      : `The gradient ${g} has arrived at ${name}.`,
    leafDone: (name, g) => `${name} is a leaf: nothing to pass on. Its gradient is ${g}.`,
    passes: (to, g, slope, share) => `to ${to}: ${g} × ${slope} = ${share}`,
    passedPath: (k, n, sum) => ` (path ${k} of ${n}, sum so far ${sum})`,
    more: (n) => `and to ${n} more`,
    wrongFirst: (name, g) => `${name} passes on ${g} at once, without waiting for other paths.`,
    wrongAgain: (name, g, earlier) =>
      `${name} passes on ${g}, although it had passed on ${earlier} before: that is counted once more.`,
    passesWrong: (to, g, slope, share, sum) =>
      `to ${to}: ${g} × ${slope} = ${share}, which makes ${sum}`,
    arrivedLabel: "Gradient that arrived", localLabel: "Local derivative",
    productLabel: "Times what arrived", pathLabel: (k, n) => `path ${k} of ${n}`,
    onlyPath: "the only path", sumLabel: (name) => `${name} so far`, completeLabel: "complete",
    earlierLabel: "Passed on before", againLabel: "✗ counted again",
    formula: "Formula", withNumbers: "With numbers", value: "Value", gradient: "Gradient",
    passesOn: (shares) => ` It passes on ${shares}.`, slider: "slider",
    notYet: "not yet computed", paths: "Paths", pathsNone: "No path yet.",
    pathSeed: "The result itself: 1.", sumOfPaths: "Sum", partial: (k, n) => `${k} of ${n} paths`,
    source: "Made at", noSource: "A leaf: given, not computed.",
    noFormula: "Written by hand; only Python knows the formula.",
    chosen: "The condition was decided in Python and stays as it was.",
    unpin: "Follow the steps",
    leaves: "Leaves", leavesHint: "Change a number and everything is computed anew.",
    reset: "Reset", resetAll: "Reset all",
    refused: (name, value) => `${name}: that is not a finite number, so it stays ${value}.`,
    check: "Check with finite differences",
    checkStep: "Step", checkSlope: "Difference quotient", checkGradient: "Gradient by the rules",
    checkDifference: "Difference",
    agrees: "✓ agrees", differs: "✗ differs",
    corner: (left, right) => `⚠ a corner or jump: slope ${left} on the left, ${right} on the right`,
    unknown: "⚠ cannot be checked: a number is not finite",
    compare: "Right and wrong", compareHint: "What each node has in the end, and in the wrong order so far.",
    compareNode: "Node", compareRight: "Right", compareWrong: "Wrong order",
    same: "✓ same", again: "✗ counted again", waitingMark: "…",
    cut: (n) => `Cut after ${n} steps: their number can double with every layer.`,
    noticeHandmade: "This graph has an operation written by hand, which only Python can compute: numbers are as recorded, and editing is off.",
    noticeStale: "Some numbers were changed after this graph was computed; the page computed it anew.",
    noticeHooks: "Hooks of this graph changed gradients in Python; the page shows them without hooks.",
    edited: (name, value) => `${name} is now ${value}; everything was computed anew.`,
    nodeName: (name, op, data, grad) => `${name}, ${op}, data ${data}, gradient ${grad}`,
  },
  ko: {
    otherLanguage: "English", otherLanguageCode: "en",
    graph: "계산 그래프", legend: "범례", view: "보기", playback: "재생",
    wrongOrder: "잘못된 순서", noWrongOrder: "잎 하나뿐이라 순서가 없습니다",
    theme: "밝게 / 어둡게", turn: "그래프 방향 바꾸기", smaller: "축소",
    larger: "확대", fit: "전체 보기", first: "처음 단계", previous: "이전 단계",
    play: "재생", pause: "멈춤", next: "다음 단계", last: "마지막 단계", scrubber: "단계",
    speed: "속도", forwardName: "순전파", backwardName: "역전파", wrongName: "잘못된 순서",
    data: "값", grad: "기울기", sameShort: "✓ 같음", wrongShort: "✗ 틀림", soFar: "… 아직",
    keys: "키보드: ← → 한 단계 · 스페이스 재생 · Home, End · 노드에서 Enter를 누르면 자세히",
    legendData: "값: 노드의 수", legendGrad: "기울기: 결과가 얼마나 따라 변하는지",
    legendSlope: "화살표 위: 국소 미분", legendWrong: "✗ 또 더해짐",
    summary: (nodes, leaves) => `노드 ${nodes}개, 잎 ${leaves}개`,
    leaf: "잎", root: "결과",
    start: "아직 아무것도 계산하지 않았습니다. 재생을 누르거나 화살표 키로 한 단계씩 가 보세요.",
    startTitle: "준비",
    stepTitle: (phase, k, n) => `${phase} ${k} / ${n}`,
    given: (name, value) => `${name}: 주어진 값 ${value}.`,
    computed: (name, formula, numbers, value) => `${name} = ${formula} = ${numbers} = ${value}.`,
    recorded: (name, value) => `${name}: 파이썬이 계산한 값 ${value}.`,
    seed: (name) => `모든 기울기는 여기서 시작합니다. 결과 ${name} 자신에 대한 기울기는 1입니다.`,
    arrived: (name, g, paths) => paths > 1
      ? `${name}: 경로 ${paths}개가 모두 도착했고, 합은 ${g}입니다.`
      : `${name}에 도착한 기울기는 ${g}입니다.`,
    leafDone: (name, g) => `${name}: 잎이라서 더 전달할 곳이 없습니다. 기울기는 ${g}입니다.`,
    passes: (to, g, slope, share) => `${to} ← ${g} × ${slope} = ${share}`,
    passedPath: (k, n, sum) => ` (경로 ${n}개 중 ${k}번째, 지금까지의 합 ${sum})`,
    more: (n) => `그 밖에 ${n}개`,
    wrongFirst: (name, g) => `${name}: 다른 경로를 기다리지 않고 바로 전달합니다. 지금 가진 기울기는 ${g}입니다.`,
    wrongAgain: (name, g, earlier) =>
      `${name}: 쌓인 기울기 ${g} 전체를 또 전달합니다. 이미 전달한 ${earlier}까지 또 더해집니다.`,
    passesWrong: (to, g, slope, share, sum) =>
      `${to} ← ${g} × ${slope} = ${share}, 지금까지의 합 ${sum}`,
    arrivedLabel: "도착한 기울기", localLabel: "국소 미분",
    productLabel: "곱하면", pathLabel: (k, n) => `경로 ${n}개 중 ${k}번째`,
    onlyPath: "유일한 경로", sumLabel: (name) => `${name}: 지금까지의 합`, completeLabel: "완성",
    earlierLabel: "이미 전달한 기울기", againLabel: "✗ 또 더해짐",
    formula: "식", withNumbers: "수를 넣으면", value: "값", gradient: "기울기",
    passesOn: (shares) => ` 전달: ${shares}.`, slider: "슬라이더",
    notYet: "아직 계산하지 않음", paths: "경로", pathsNone: "아직 도착한 경로가 없습니다.",
    pathSeed: "결과 자신: 1.", sumOfPaths: "합", partial: (k, n) => `경로 ${n}개 중 ${k}개`,
    source: "만들어진 곳", noSource: "잎: 계산된 것이 아니라 주어진 값입니다.",
    noFormula: "손으로 쓴 연산이라 식은 파이썬만 압니다.",
    chosen: "조건은 파이썬에서 정해졌고 그대로 유지됩니다.",
    unpin: "단계 따라가기",
    leaves: "잎", leavesHint: "수를 바꾸면 모든 것을 다시 계산합니다.",
    reset: "되돌리기", resetAll: "모두 되돌리기",
    refused: (name, value) => `${name}: 유한한 수가 아니므로 값은 그대로 ${value}입니다.`,
    check: "유한 차분으로 확인",
    checkStep: "간격", checkSlope: "차분 몫", checkGradient: "규칙으로 구한 기울기",
    checkDifference: "차이",
    agrees: "✓ 일치", differs: "✗ 다름",
    corner: (left, right) => `⚠ 꺾이거나 끊긴 점: 왼쪽 기울기 ${left}, 오른쪽 기울기 ${right}`,
    unknown: "⚠ 확인할 수 없음: 유한하지 않은 수가 있습니다",
    compare: "옳은 순서와 잘못된 순서", compareHint: "각 노드의 옳은 기울기와, 잘못된 순서에서 지금까지 쌓인 기울기.",
    compareNode: "노드", compareRight: "옳은 순서", compareWrong: "잘못된 순서",
    same: "✓ 같음", again: "✗ 또 더해짐", waitingMark: "…",
    cut: (n) => `${n}단계에서 멈췄습니다. 단계 수는 층마다 두 배로 늘 수 있습니다.`,
    noticeHandmade: "파이썬만 계산할 수 있는 손으로 쓴 연산이 있어, 기록된 수를 보여 주고 편집은 할 수 없습니다.",
    noticeStale: "그래프를 계산한 뒤에 바뀐 수가 있어, 이 페이지가 다시 계산했습니다.",
    noticeHooks: "파이썬에서 훅이 기울기를 바꾸었습니다. 이 페이지는 훅 없이 보여 줍니다.",
    edited: (name, value) => `${name}: 이제 ${value}. 모두 다시 계산했습니다.`,
    nodeName: (name, op, data, grad) => `${name}, ${op}, 값 ${data}, 기울기 ${grad}`,
  },
};

// Names that can stand in a formula as they are; any other (`a+b`) is bracketed beside an operator.
// As viz/symbols.py has it.
const isWord = (name) => /^[\p{L}\p{M}\p{N}_.#'′]*$/u.test(name.replace(/\[[^[\]]*\]/g, ""));

// A formula with names, or with the numbers of `data` in their places.
function formulaText(tokens, data = null) {
  return tokens.map((token, i) => {
    if (typeof token === "string") return token;
    const before = i === 0 ? "" : tokens[i - 1], after = i + 1 < tokens.length ? tokens[i + 1] : "";
    const begins = /(^|\(|, )$/.test(before), ends = /^($|\)|,)/.test(after);
    const name = graph.nodes[token].name;
    if (data === null) return isWord(name) || (begins && ends) ? name : `(${name})`;
    const shown = show(data[token]);
    return !shown.startsWith("-") || (begins && !after.startsWith(" **")) ? shown : `(${shown})`;
  }).join("");
}

// A formula as a link of `... = ... = ...`: a comparison stands in brackets there.
function inChain(formula) {
  let outside = formula, inner = "";
  while (outside !== inner) [inner, outside] = [outside, outside.replace(/\([^()]*\)/g, "")];
  return / (==|!=|<=?|>=?|&|=) /.test(outside) ? `(${formula})` : formula;
}
