// The state of the page, and everything that changes it: buttons, keys, the mouse, time.
//
// Positions of the playback: 0 is before everything; then a forward step for every node, a backward
// step for every node, and, where it is asked for, the steps of the wrong order.

const player = (() => {
  const WRONG_LIMIT = 500;
  const count = graph.nodes.length;
  const find = (id) => document.getElementById(id);
  const original = graph.nodes.map((node) => node.data);
  const state = {
    position: 0, isPlaying: false, speed: 1, selected: null, isWrong: false, check: null,
    language: graph.language, leaves: [...original], message: null,
  };
  let run = null;
  let timer = null;
  let isTurned = false;

  function compute() {
    const data = forward(state.leaves);
    let wrong = null;
    // The wrong order may take many steps, and most readers never ask for it.
    run = { data, ...backward(data), get wrong() { return (wrong ??= wrongOrder(data, WRONG_LIMIT)); } };
    state.check = null;
  }

  const words = () => texts[state.language];
  const end = () => 2 * count + (state.isWrong ? run.wrong.steps.length : 0);
  const nameOf = (index) => graph.nodes[index].name;
  const isClose = (a, b) => Object.is(a, b) || Math.abs(a - b) <= 1e-12 * Math.max(1, Math.abs(a), Math.abs(b));

  // What may be seen at this position: the panel and the picture ask this and nothing else.
  function seen() {
    const { position } = state;
    const backwardDone = Math.min(Math.max(position - count, 0), count);
    const wrongDone = Math.max(position - 2 * count, 0);
    const pathsOf = (index) => run.paths[index].filter((path) => path.from >= count - backwardDone);
    const gradientOf = (index) => {
      if (index === graph.root) return backwardDone > 0 ? 1 : null;
      const paths = pathsOf(index);
      return paths.length > 0 ? paths[paths.length - 1].sum : null;
    };
    const wrong = graph.nodes.map((_, index) => (index === graph.root && wrongDone > 0 ? 1 : null));
    const again = graph.nodes.map(() => false);
    const steps = wrongDone > 0 ? run.wrong.steps.slice(0, wrongDone) : [];
    for (const share of steps.flatMap((step) => step.shares)) {
      wrong[share.to] = share.sum;
      again[share.to] ||= share.isAgain;
    }
    const compare = (index) => {
      const right = run.gradients[index];
      const isSame = wrong[index] !== null && isClose(wrong[index], right);
      return { right, wrong: wrong[index], verdict: isSame ? "right" : again[index] ? "wrong" : "waiting" };
    };
    const now = {
      data: run.data, hasData: (index) => index < position, pathsOf, gradientOf, compare,
      isWrong: state.isWrong, isCut: state.isWrong && run.wrong.isCut, wrongSteps: state.isWrong ? run.wrong.steps.length : 0,
    };
    if (position === 0) return { ...now, phase: "start", node: null };
    if (position <= count) return { ...now, phase: "forward", node: position - 1, k: position, of: count };
    if (wrongDone === 0) {
      const step = run.steps[backwardDone - 1];
      return { ...now, phase: "backward", node: step.node, step, k: backwardDone, of: count };
    }
    const step = run.wrong.steps[wrongDone - 1];
    return { ...now, phase: "wrong", node: step.node, step, k: wrongDone, of: run.wrong.steps.length };
  }

  // The step in one or two sentences, for the eye and for a screen reader.
  function sentence(now) {
    const t = words();
    if (now.phase === "start") return t.start;
    const node = graph.nodes[now.node];
    if (now.phase === "forward") {
      const value = show(run.data[now.node]);
      if (node.isLeaf) return t.given(node.name, value);
      if (!node.formula) return t.recorded(node.name, value);
      const brief = (text) => (text.length > 100 ? `${text.slice(0, 60)} … ${text.slice(-30)}` : text);
      return t.computed(node.name, brief(formulaText(node.formula)), brief(formulaText(node.formula, run.data)), value);
    }
    const { step } = now;
    const most = now.phase === "wrong" || step.shares.some((share) => nameOf(share.to).length > 12) ? 2 : 3;
    const told = step.shares.slice(0, most).map((share) => {
      const [to, g, slope, part, sum] = [nameOf(share.to), show(share.g), bracket(share.slope), show(share.share), show(share.sum)];
      if (now.phase === "wrong") return t.passesWrong(to, g, slope, part, sum);
      return t.passes(to, g, slope, part) + (share.paths > 1 ? t.passedPath(share.path, share.paths, sum) : "");
    });
    if (step.shares.length > most) told.push(t.more(step.shares.length - most));
    const shares = told.length > 0 ? t.passesOn(told.join("; ")) : "";
    if (now.phase === "wrong") {
      const first = step.earlier === null ? t.wrongFirst(node.name, show(step.g)) : t.wrongAgain(node.name, show(step.g), show(step.earlier));
      return first + shares;
    }
    if (step.node === graph.root) return t.seed(node.name) + shares;
    if (step.shares.length === 0) return t.leafDone(node.name, show(step.g));
    return t.arrived(node.name, show(step.g), node.consumers) + shares;
  }

  function picture(now) {
    const t = words();
    const arrows = graph.arrows.map(() => ({ slope: "", flow: "" }));
    const targets = new Set(now.step ? now.step.shares.map((share) => share.to) : []);
    const inputs = new Set(now.phase === "forward" ? graph.nodes[now.node].sources.map((source) => source.node) : []);
    if (now.phase === "forward") {
      for (const input of graph.nodes[now.node].inputs) {
        if (!input.is_silent) arrows[input.arrow].flow = "forward";
      }
    }
    const nodes = graph.nodes.map((node, index) => {
      const grad = now.gradientOf(index), paths = now.pathsOf(index);
      for (const path of paths) arrows[path.arrow].slope = show(path.slope, 4);
      const isPartial = grad !== null && index !== graph.root && paths.length < node.consumers;
      const hasData = now.hasData(index);
      const shown = {
        data: hasData ? show(run.data[index], 5) : "", grad: grad === null ? "" : show(grad, 5),
        isPartial, arrived: `${paths.length}/${node.consumers}`, isSelected: state.selected === index, wrong: "",
        verdict: "", classes: [],
      };
      if (hasData) shown.classes.push("has-data");
      if (grad !== null) shown.classes.push("has-grad");
      if (isPartial) shown.classes.push("is-partial");
      if (index === now.node) shown.classes.push("is-current");
      if (inputs.has(index)) shown.classes.push("is-input");
      if (targets.has(index)) shown.classes.push("is-target");
      if (shown.isSelected) shown.classes.push("is-selected");
      if (now.phase === "wrong") {
        const { right, wrong, verdict } = now.compare(index);
        if (wrong !== null) {
          shown.classes.push("has-badge");
          if (verdict !== "waiting") shown.classes.push(`is-${verdict}`);
          shown.verdict = { right: t.sameShort, wrong: t.wrongShort, waiting: t.soFar }[verdict];
          shown.wrong = show(wrong, 4);
        }
      }
      const op = node.isLeaf ? t.leaf : node.opName;
      shown.label = t.nodeName(node.name, op, shown.data || t.notYet, shown.grad || t.notYet)
        + (shown.wrong ? `, ${t.wrongOrder} ${shown.wrong} ${shown.verdict}` : "");
      return shown;
    });
    if (now.step) for (const share of now.step.shares) arrows[share.arrow].flow = now.phase;
    return { nodes, arrows, phase: now.phase };
  }

  // Shows the state. `origin` is the field in which somebody is typing, which is left alone.
  function refresh(origin = null) {
    const t = words(), now = seen();
    view.update(picture(now), { data: t.data, grad: t.grad });
    const selected = graph.nodes[state.selected ?? now.node ?? graph.root];
    panel.drawStep(find("step"), t, now);
    const wasOnCheck = document.activeElement?.id === "check";
    panel.drawNode(find("node"), t, now, selected, state.selected !== null, state.check, actions);
    if (wasOnCheck) find("check")?.focus();
    panel.drawCompare(find("compare"), t, now);
    panel.updateLeaves(state.leaves, original, state.selected, origin);
    const said = state.message ?? sentence(now);
    if (find("live").textContent !== said) find("live").textContent = said;
    find("phase").dataset.phase = now.phase;
    find("phase").textContent = { start: "", forward: t.forwardName, backward: t.backwardName, wrong: t.wrongName }[now.phase];
    const scrubber = find("scrubber");
    scrubber.max = end();
    scrubber.value = state.position;
    scrubber.setAttribute("aria-valuetext", now.phase === "start" ? t.startTitle : `${find("phase").textContent} ${now.k} / ${now.of}`);
    scrubber.style.setProperty("--done", `${(100 * state.position) / end()}%`);
    find("counter").textContent = `${state.position} / ${end()}`;
    find("previous").disabled = find("first").disabled = state.position === 0;
    find("next").disabled = find("last").disabled = state.position === end();
    find("play").setAttribute("aria-label", state.isPlaying ? t.pause : t.play);
    find("play").title = state.isPlaying ? t.pause : t.play;
    find("play").classList.toggle("is-playing", state.isPlaying);
    find("wrong").setAttribute("aria-pressed", String(state.isWrong));
    find("wrong").title = find("wrong").disabled ? t.noWrongOrder : "";
    drawPhases(t);
  }

  function drawPhases(t) {
    const parts = [["forward", t.forwardName, count], ["backward", t.backwardName, count]];
    if (state.isWrong) parts.push(["wrong", t.wrongName, run.wrong.steps.length]);
    find("phases").replaceChildren(...parts.map(([phase, text, size]) => {
      const part = make("span", { "data-phase": phase, text });
      part.style.flexGrow = size;
      return part;
    }));
  }

  // --- what can be done ---

  function go(position) {
    state.position = Math.min(Math.max(Math.round(position), 0), end());
    state.message = null;
    if (state.position === end()) pause();
    refresh();
    const now = seen();
    const beside = now.phase === "forward" ? [] : (now.step?.shares ?? []).map((share) => share.to);
    if (now.node !== null) view.follow([now.node, ...beside]);
  }

  function pause() {
    clearTimeout(timer);
    state.isPlaying = false;
  }

  function playOn() {
    timer = setTimeout(() => {
      if (!state.isPlaying) return;
      go(state.position + 1);
      if (state.isPlaying) playOn();
    }, 1300 / state.speed);
  }

  function togglePlay() {
    if (state.isPlaying) {
      pause();
      refresh();
      return;
    }
    state.isPlaying = true;
    go(state.position === end() ? 0 : state.position + 1);
    if (state.isPlaying) playOn();
  }

  function step(by) {
    pause();
    go(state.position + by);
  }

  const actions = {
    edit: (index, value, origin) => actions.editAll([[index, value]], origin),
    editAll(changes, origin = null) {
      if (!graph.canCompute) return;
      for (const [index, value] of changes) state.leaves[index] = value;
      compute();
      // Of nothing computed nobody would see that it was computed anew.
      if (state.position === 0) state.position = 2 * count;
      state.position = Math.min(state.position, end());
      state.message = changes.map(([index, value]) => words().edited(nameOf(index), show(value))).join(" ");
      refresh(origin);
    },
    // What was typed is no number to compute with: everything stays, and it is said why.
    refuse(index, origin) {
      state.message = words().refused(nameOf(index), show(state.leaves[index]));
      refresh(origin);
    },
    resetAll() {
      state.leaves = [...original];
      compute();
      state.message = null;
      refresh();
    },
    select(index) {
      state.selected = index;
      refresh();
      view.follow([index]);
      panel.revealLeaf(index);
    },
    unpin() {
      state.selected = null;
      refresh();
    },
    check(index) {
      const found = finiteDifference(state.leaves, run.data, index, run.gradients[index]);
      state.check = { node: index, gradient: run.gradients[index], ...found };
      refresh();
    },
  };

  function toggleWrong() {
    pause();
    const { phase, node } = seen();
    state.isWrong = !state.isWrong;
    // The wrong ones begin where the right gradients are complete; back leads to the node's one step.
    go(state.isWrong ? 2 * count + 1 : phase === "wrong" ? 2 * count - node : state.position);
  }

  function setLanguage(language) {
    state.language = language;
    state.message = null;
    const t = words();
    document.documentElement.lang = language;
    for (const element of document.querySelectorAll("[data-text]")) element.textContent = t[element.dataset.text];
    for (const element of document.querySelectorAll("[data-label]")) {
      element.setAttribute("aria-label", t[element.dataset.label]);
      if (element.tagName === "BUTTON") element.title = t[element.dataset.label];
    }
    find("language").textContent = t.otherLanguage;
    find("language").lang = t.otherLanguageCode;
    find("theme").setAttribute("aria-label", t.theme);
    find("theme").title = t.theme;
    find("summary").textContent = t.summary(count, graph.nodes.filter((node) => node.isLeaf).length);
    find("legend").replaceChildren(...[["data", t.legendData], ["grad", t.legendGrad], ["arrowhead", t.legendSlope], ["counted", t.legendWrong]]
      .map(([kind, text]) => make("li", { class: kind, text })));
    const notices = [];
    if (!graph.canCompute) notices.push(t.noticeHandmade);
    if (isStale) notices.push(t.noticeStale);
    if (graph.hasHooks) notices.push(t.noticeHooks);
    find("notice").textContent = notices.join(" ");
    find("notice").hidden = notices.length === 0;
    panel.drawLeaves(find("leaves"), t, state.leaves, original, actions);
    refresh();
  }

  function toggleTheme() {
    const root = document.documentElement;
    const isDark = root.dataset.theme === "dark" || (root.dataset.theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
    root.dataset.theme = isDark ? "light" : "dark";
  }

  // --- wiring ---

  function wire() {
    const onClick = { first: () => step(-Infinity), previous: () => step(-1), play: togglePlay, next: () => step(1),
      last: () => step(Infinity), wrong: toggleWrong, theme: toggleTheme,
      language: () => setLanguage(words().otherLanguageCode), fit: () => view.fit(),
      larger: () => view.zoom(1.3, null, true), smaller: () => view.zoom(1 / 1.3, null, true),
      turn: () => { isTurned = true; view.setLayout(view.direction === "right" ? "down" : "right"); view.fit(); } };
    for (const [id, action] of Object.entries(onClick)) find(id).addEventListener("click", action);
    find("scrubber").addEventListener("input", () => { pause(); go(Number(find("scrubber").value)); });
    find("speed").addEventListener("change", () => { state.speed = Number(find("speed").value); });

    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      // A field keeps its own keys, and so does a button its space; the scrubber steps by itself.
      const isScrubber = event.target.id === "scrubber" && event.key === " ";
      if (event.target.matches("input, select, textarea") && !isScrubber) return;
      const act = { ArrowLeft: () => step(-1), ArrowRight: () => step(1), Home: () => step(-Infinity), End: () => step(Infinity), " ": togglePlay }[event.key];
      if (!act || (event.key === " " && event.target.matches("button"))) return;
      event.preventDefault();
      act();
    });

    for (const [index, card] of view.cards.entries()) {
      card.group.addEventListener("keydown", (event) => {
        if (event.key === "Enter") actions.select(index);
      });
      card.group.addEventListener("focus", () => { if (card.group.matches(":focus-visible")) view.follow([index]); });
    }
    wirePointer();
    new ResizeObserver(open).observe(view.svg);
  }

  // Dragging moves the graph, the wheel zooms; a press that did not move is a click on a node.
  function wirePointer() {
    let drag = null;
    view.svg.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      drag = { x: event.clientX, y: event.clientY, from: view.shift, hasMoved: false, target: event.target };
    });
    view.svg.addEventListener("pointermove", (event) => {
      if (!drag) return;
      const dx = event.clientX - drag.x, dy = event.clientY - drag.y;
      if (!drag.hasMoved && Math.hypot(dx, dy) < 5) return;
      if (!drag.hasMoved) view.svg.setPointerCapture(event.pointerId);
      drag.hasMoved = true;
      view.move(drag.from.x + dx, drag.from.y + dy, drag.from.scale, false);
    });
    view.svg.addEventListener("pointercancel", () => { drag = null; });
    view.svg.addEventListener("pointerup", () => {
      const node = drag && !drag.hasMoved ? drag.target.closest("[data-node]") : null;
      if (node) actions.select(Number(node.dataset.node));
      drag = null;
    });
    view.svg.addEventListener("wheel", (event) => {
      event.preventDefault();
      const box = view.svg.getBoundingClientRect();
      view.zoom(Math.exp(-event.deltaY * (event.deltaMode === 1 ? 0.05 : 0.0015)), [event.clientX - box.left, event.clientY - box.top]);
    }, { passive: false });
  }

  // All of the graph where that can be read; otherwise as much of it as can be read with ease.
  function open() {
    if (!isTurned) view.setLayout(view.bestDirection());
    view.fit(false, view.fitScale() >= 0.55 ? 0 : 0.72);
    const now = seen();
    if (now.node !== null) view.follow([now.node]);
  }

  compute();
  find("wrong").disabled = count === 1;
  const isStale = graph.canCompute && graph.nodes.some((node) =>
    !Object.is(node.data, run.data[node.index]) && !(Math.abs(node.data - run.data[node.index]) <= 1e-9 * Math.max(1, Math.abs(node.data))));
  document.title = graph.title;
  find("title").textContent = graph.title;
  view.setLayout("right");
  view.nameCards();
  setLanguage(state.language);
  wire();
  open();

  // For tests, and for the curious at the console.
  return {
    go, setLanguage, reset: actions.resetAll,
    // {name: number, ...}
    edit: (changes) => actions.editAll(graph.nodes.filter((node) => Object.hasOwn(changes, node.name)).map((node) => [node.index, changes[node.name]])),
    get state() {
      return { position: state.position, end: end(), isPlaying: state.isPlaying, selected: state.selected, language: state.language,
        names: graph.nodes.map((node) => node.name), data: run.data, gradients: run.gradients, wrong: run.wrong.sums, wrongSteps: run.wrong.steps.length,
        isCut: run.wrong.isCut, again: run.wrong.again, check: state.check };
    },
  };
})();
window.player = player;
