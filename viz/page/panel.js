// The cards beside the picture: this step, one node, right and wrong, the leaves. They are built
// anew at every step from what `controls.js` knows, except the leaves, in which somebody may be
// typing.

const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "text") element.textContent = value;
    else if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== null && value !== false) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
};

const panel = (() => {
  const nameOf = (index) => graph.nodes[index].name;
  const code = (text, kind = "") => make("code", { class: kind, text });
  const head = (text, ...more) => make("div", { class: "head" }, make("h2", { text }), ...more);
  const row = (label, ...values) =>
    make("div", { class: "row" }, make("span", { class: "label", text: label }), make("span", { class: "value" }, ...values));

  // `w2 * h1 = 0.4 * 0.59 = 0.24`; a formula that is a bare number or name is said once.
  function slopeLine(path, data) {
    const parts = [];
    if (path.formula) {
      const names = formulaText(path.formula), numbers = formulaText(path.formula, data);
      parts.push(names);
      if (numbers !== names) parts.push(numbers);
    }
    const value = show(path.slope);
    if (parts[parts.length - 1] !== value) parts.push(value);
    return parts.length > 1 ? parts.map(inChain).join(" = ") : parts.join("");
  }

  // One share: where it goes, the local derivative, the product, and the sum of its destination.
  function shareCard(t, path, data, isWrong) {
    const where = isWrong ? null : make("span", { class: "tag", text: path.paths > 1 ? t.pathLabel(path.path, path.paths) : t.onlyPath });
    const again = path.isAgain ? make("span", { class: "tag bad", text: t.againLabel }) : null;
    const sum = path.before === null ? show(path.sum) : `${show(path.before)} + ${bracket(path.share)} = ${show(path.sum)}`;
    return make("li", { class: "share" },
      make("div", { class: "share-head" }, make("b", { text: `→ ${nameOf(path.to)}` }), where, again),
      row(t.localLabel, code(slopeLine(path, data))),
      row(t.productLabel, code(`${show(path.g)} × ${bracket(path.slope)} = ${show(path.share)}`, "grad")),
      row(t.sumLabel(nameOf(path.to)), code(sum, "grad"),
        !isWrong && path.path === path.paths ? make("span", { class: "done", text: ` ✓ ${t.completeLabel}` }) : null));
  }

  function drawStep(card, t, now) {
    const parts = [];
    if (now.phase === "start") parts.push(head(t.startTitle), make("p", { text: t.start }));
    if (now.phase === "forward") {
      const node = graph.nodes[now.node];
      parts.push(head(t.stepTitle(t.forwardName, now.k, now.of)), make("p", { class: "big", text: node.name }));
      if (node.formula) {
        parts.push(row(t.formula, code(formulaText(node.formula))),
          row(t.withNumbers, code(formulaText(node.formula, now.data))));
      } else if (!node.isLeaf) parts.push(make("p", { class: "muted", text: t.noFormula }));
      parts.push(row(t.value, code(show(now.data[now.node]), "data strong")));
    }
    if (now.phase === "backward") {
      const step = now.step;
      parts.push(head(t.stepTitle(t.backwardName, now.k, now.of)), make("p", { class: "big", text: nameOf(step.node) }),
        row(t.arrivedLabel, code(show(step.g), "grad strong")));
      if (step.node === graph.root) parts.push(make("p", { class: "muted", text: t.seed(nameOf(step.node)) }));
      if (step.shares.length > 0) parts.push(make("ol", { class: "shares" }, ...step.shares.map((share) => shareCard(t, share, now.data, false))));
      else parts.push(make("p", { class: "muted", text: t.leafDone(nameOf(step.node), show(step.g)) }));
    }
    if (now.phase === "wrong") {
      const step = now.step;
      parts.push(head(t.stepTitle(t.wrongName, now.k, now.of)), make("p", { class: "big", text: nameOf(step.node) }),
        row(t.arrivedLabel, code(show(step.g), "grad strong")));
      if (step.earlier !== null) parts.push(row(t.earlierLabel, code(show(step.earlier), "bad strong")));
      parts.push(make("ol", { class: "shares" }, ...step.shares.map((share) => shareCard(t, share, now.data, true))));
    }
    card.replaceChildren(...parts);
    card.dataset.phase = now.phase;
  }

  // One node: formula, numbers, the paths that have arrived, the line that made it.
  function drawNode(card, t, now, node, isPinned, check, actions) {
    const known = now.hasData(node.index), arrived = now.pathsOf(node.index);
    const grad = now.gradientOf(node.index);
    const kind = node.isLeaf ? t.leaf : `${node.opName}${node.params ? ` (${node.params})` : ""}`;
    const parts = [head(node.name, make("span", { class: "tag", text: kind }),
      node.index === graph.root && !node.isLeaf ? make("span", { class: "tag", text: t.root }) : null,
      isPinned ? make("button", { type: "button", class: "link", text: t.unpin, onclick: actions.unpin }) : null)];
    const blank = () => make("span", { class: "muted", text: t.notYet });
    if (node.formula) {
      parts.push(row(t.formula, code(formulaText(node.formula))));
      parts.push(row(t.withNumbers, known ? code(formulaText(node.formula, now.data)) : blank()));
    } else if (!node.isLeaf) parts.push(make("p", { class: "muted", text: t.noFormula }));
    parts.push(row(t.value, known ? code(show(now.data[node.index]), "data strong") : blank()));
    if (node.opName === "where") parts.push(make("p", { class: "muted", text: t.chosen }));
    parts.push(row(t.gradient, grad === null ? blank() : code(show(grad), "grad strong"),
      grad !== null && arrived.length < node.consumers
        ? make("span", { class: "muted", text: ` (${t.partial(arrived.length, node.consumers)})` }) : null));
    parts.push(make("h3", { text: t.paths }));
    if (node.index === graph.root) parts.push(make("p", { class: "muted", text: grad === null ? t.pathsNone : t.pathSeed }));
    else if (arrived.length === 0) parts.push(make("p", { class: "muted", text: t.pathsNone }));
    else {
      const lines = arrived.map((path) => make("li", {},
        make("span", { class: "from", text: nameOf(path.from) }),
        code(`${show(path.g)} × ${bracket(path.slope)} = ${show(path.share)}`, "grad"),
        make("small", { text: `${t.localLabel}: ${slopeLine(path, now.data)}` })));
      parts.push(make("ol", { class: "paths" }, ...lines));
      if (arrived.length > 1) {
        const sum = arrived.map((path, i) => (i === 0 ? show(path.share) : bracket(path.share))).join(" + ");
        parts.push(row(t.sumOfPaths, code(`${sum} = ${show(grad)}`, "grad")));
      }
    }
    if (graph.canCompute) {
      parts.push(make("div", { class: "check" },
        make("button", { type: "button", id: "check", class: "soft", text: t.check, onclick: () => actions.check(node.index) }),
        check && check.node === node.index ? checkTable(t, check) : null));
    }
    parts.push(make("h3", { text: t.source }));
    if (!node.place) parts.push(make("p", { class: "muted", text: node.isLeaf ? t.noSource : "–" }));
    else {
      parts.push(make("p", { class: "place", text: node.place.where }));
      if (node.place.pieces) {
        const [before, expression, after] = node.place.pieces;
        parts.push(make("pre", { class: "source" }, make("code", {}, before, make("mark", { text: expression }), after)));
      }
    }
    card.replaceChildren(...parts);
  }

  function checkTable(t, check) {
    const word = check.word === "corner" ? t.corner(show(check.left), show(check.right)) : t[check.word];
    return make("div", { class: `result ${check.word}`, role: "status" },
      make("p", { class: "verdict", text: word }),
      row(t.checkSlope, code(show(check.slope, 10))), row(t.checkGradient, code(show(check.gradient, 10))),
      row(t.checkDifference, code(show(check.difference, 3))), row(t.checkStep, code(show(check.step, 3))));
  }

  function drawCompare(card, t, now) {
    card.hidden = !now.isWrong;
    if (!now.isWrong) return;
    const rows = [...graph.nodes].reverse().map((node) => {
      const { right, wrong, verdict } = now.compare(node.index);
      const mark = { right: t.same, wrong: t.again, waiting: t.waitingMark }[verdict];
      return make("tr", { class: verdict }, make("th", { scope: "row", title: node.name, text: shorten([...node.name], 12) }),
        make("td", {}, code(show(right, 5))), make("td", {}, code(wrong === null ? "" : show(wrong, 5))), make("td", { class: "mark", text: mark }));
    });
    const scrolled = card.querySelector(".scroll")?.scrollTop ?? 0;
    card.replaceChildren(head(t.compare), make("p", { class: "muted", text: t.compareHint }),
      now.isCut ? make("p", { class: "cut", text: t.cut(now.wrongSteps) }) : "",
      make("div", { class: "scroll", tabindex: 0 }, make("table", {},
        make("thead", {}, make("tr", {}, ...[t.compareNode, t.compareRight, t.compareWrong, ""].map((text) => make("th", { scope: "col", text })))),
        make("tbody", {}, ...rows))));
    card.querySelector(".scroll").scrollTop = scrolled;
  }

  // --- the leaves: built once for a language, then only their numbers change ---

  const fields = new Map();

  function drawLeaves(card, t, leaves, original, actions) {
    fields.clear();
    const rows = graph.nodes.filter((node) => node.isLeaf).map((node) => {
      const input = make("input", { type: "number", step: "any", "aria-label": `${node.name} ${t.data}`, oninput: () => {
        const value = input.value === "" ? NaN : Number(input.value);
        if (Number.isFinite(value)) actions.edit(node.index, value, input);
        else actions.refuse(node.index, input);
        input.setAttribute("aria-invalid", String(!Number.isFinite(value)));
      } });
      const span = Math.max(2, 2 * Math.abs(original[node.index]));
      const isFinite = Number.isFinite(original[node.index]);
      const slider = make("input", { type: "range", step: "any", "aria-label": `${node.name} ${t.slider}`, tabindex: -1,
        min: isFinite ? original[node.index] - span : -2, max: isFinite ? original[node.index] + span : 2,
        oninput: () => actions.edit(node.index, Number(Number(slider.value).toPrecision(4)), slider) });
      const reset = make("button", { type: "button", class: "link reset", "aria-label": `${t.reset}: ${node.name}`, title: t.reset, text: "↺",
        onclick: () => actions.edit(node.index, original[node.index], null) });
      input.disabled = slider.disabled = !graph.canCompute;
      const line = make("li", {}, make("button", { type: "button", class: "leaf-name link", title: node.name, text: shorten([...node.name], 12), onclick: () => actions.select(node.index) }), slider, input, reset);
      fields.set(node.index, { input, slider, reset, line });
      return line;
    });
    card.replaceChildren(
      head(t.leaves, graph.canCompute ? make("button", { type: "button", id: "reset-all", class: "link", text: t.resetAll, onclick: actions.resetAll }) : null),
      make("p", { class: "muted", text: graph.canCompute ? t.leavesHint : t.noticeHandmade }),
      make("ul", { class: "leaf-list" }, ...rows));
    updateLeaves(leaves, original, null, null);
  }

  function updateLeaves(leaves, original, selected, origin) {
    for (const [index, { input, slider, reset, line }] of fields) {
      const value = leaves[index];
      if (origin !== input) {
        input.value = Number.isFinite(value) ? String(value) : "";
        input.placeholder = String(value);
        input.removeAttribute("aria-invalid");
      }
      if (origin !== slider) slider.value = String(value);
      reset.disabled = Object.is(value, original[index]);
      line.classList.toggle("is-selected", index === selected);
    }
  }

  function revealLeaf(index) {
    fields.get(index)?.line.scrollIntoView({ block: "nearest" });
  }

  return { drawStep, drawNode, drawCompare, drawLeaves, updateLeaves, revealLeaf };
})();
