// The picture: nodes and arrows as SVG, at the places that viz/layout.py found. It shows what it is
// told and decides nothing; numbers and words come from elsewhere.

const svgNode = (name, attributes = {}, ...children) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
};

// The first and last letters of a text, `count` of them in all.
function shorten(letters, count) {
  if (count >= letters.length) return letters.join("");
  const first = Math.min(3, count >> 2);
  return `${letters.slice(0, first).join("")}…${letters.slice(letters.length - count + first + 1).join("")}`;
}

const view = (() => {
  const svg = document.getElementById("picture");
  const world = svgNode("g", { class: "world" });
  const arrowLayer = svgNode("g", { class: "arrows" });
  const nodeLayer = svgNode("g", { class: "nodes" });
  const labelLayer = svgNode("g", { class: "labels" });
  const [width, height] = graph.card;
  const reduced = matchMedia("(prefers-reduced-motion: reduce)");
  let direction = "right";
  let shift = { x: 0, y: 0, scale: 1 };

  const tip = (id) => svgNode("marker", {
    id, viewBox: "0 0 10 10", refX: 9.5, refY: 5, markerWidth: 7, markerHeight: 7, orient: "auto-start-reverse",
    markerUnits: "userSpaceOnUse", class: id,
  }, svgNode("path", { d: "M0 1 10 5 0 9z" }));
  svg.append(svgNode("defs", {}, tip("tip"), tip("tip-forward"), tip("tip-backward"), tip("tip-wrong")));
  world.append(arrowLayer, nodeLayer, labelLayer);
  svg.append(world);

  // Shortens a text that is too long for its place: of `net.layers[0].w[2]` the end says most.
  function fitText(element, text, room) {
    const letters = [...text];
    let low = 1, high = letters.length;
    while (low <= high) {
      const middle = (low + high) >> 1;
      element.textContent = shorten(letters, middle);
      if (element.getComputedTextLength() <= room) low = middle + 1;
      else high = middle - 1;
    }
    element.textContent = shorten(letters, high);
  }

  const arrows = graph.arrows.map(() => {
    const path = svgNode("path", { class: "arrow" });
    const pulse = svgNode("path", { class: "pulse" });
    arrowLayer.append(path, pulse);
    const back = svgNode("rect", { class: "slope-back", rx: 8, height: 18, y: -9 });
    const text = svgNode("text", { class: "slope-text", "text-anchor": "middle", y: 4 });
    const label = svgNode("g", { class: "slope" }, back, text);
    labelLayer.append(label);
    return { path, pulse, label, back, text };
  });

  const cards = graph.nodes.map((node) => {
    const group = svgNode("g", {
      class: `node ${node.isLeaf ? "leaf" : "made"}${node.index === graph.root ? " root" : ""}`,
      tabindex: 0, role: "button", "data-node": node.index,
    });
    const title = svgNode("title");
    const box = svgNode("rect", { class: "card", width, height, rx: node.isLeaf ? 18 : 9 });
    const rule = svgNode("path", { class: "rule", d: `M0 25H${width}` });
    const name = svgNode("text", { class: "name", x: 11, y: 17 });
    const chip = svgNode("text", { class: "chip-text", x: width - 11, y: 17, "text-anchor": "end" });
    const dataWord = svgNode("text", { class: "word", x: 11, y: 43 });
    const data = svgNode("text", { class: "number data", x: width - 11, y: 43, "text-anchor": "end" });
    const gradWord = svgNode("text", { class: "word", x: 11, y: 60 });
    const grad = svgNode("text", { class: "number grad", x: width - 11, y: 60, "text-anchor": "end" });
    const badgeBack = svgNode("rect", { class: "badge-back", x: 5, y: 28.5, width: width - 10, height: 19, rx: 6 });
    const badgeWord = svgNode("text", { class: "badge-word", x: 11, y: 42 });
    const badgeText = svgNode("text", { class: "badge-text", x: width - 11, y: 42, "text-anchor": "end" });
    const badge = svgNode("g", { class: "badge" }, badgeBack, badgeWord, badgeText);
    group.append(title, box, rule, name, chip, dataWord, data, gradWord, grad, badge);
    nodeLayer.append(group);
    return { group, title, name, chip, dataWord, data, gradWord, grad, badge, badgeWord, badgeText };
  });

  const constants = graph.constants.map((constant) => {
    const group = svgNode("g", { class: "constant" },
      svgNode("rect", { width: constant.width, height: 26, rx: 13, x: -constant.width / 2, y: -13 }),
      svgNode("text", { "text-anchor": "middle", y: 4 }, constant.shown));
    nodeLayer.append(group);
    return group;
  });

  function nameCards() {
    for (const node of graph.nodes) {
      const card = cards[node.index];
      fitText(card.chip, node.op, width * 0.5);
      const used = node.op === "" ? 0 : card.chip.getComputedTextLength() + 8;
      fitText(card.name, node.name, width - 22 - used);
    }
  }

  function setLayout(wanted) {
    direction = wanted;
    const layout = graph.layouts[direction];
    graph.nodes.forEach((node) => {
      const [x, y] = layout.centres[node.index];
      cards[node.index].group.setAttribute("transform", `translate(${x - width / 2} ${y - height / 2})`);
    });
    constants.forEach((group, i) => {
      const [x, y] = layout.centres[graph.nodes.length + i];
      group.setAttribute("transform", `translate(${x} ${y})`);
    });
    arrows.forEach((arrow, i) => {
      const points = layout.curves[i].map((point) => point.join(" "));
      let d = `M${points[0]}`;
      for (let k = 1; k + 3 < points.length; k += 3) d += `C${points.slice(k, k + 3).join(" ")}`;
      d += `L${points[points.length - 1]}`;
      arrow.path.setAttribute("d", d);
      arrow.pulse.setAttribute("d", d);
      arrow.label.setAttribute("transform", `translate(${layout.labels[i].join(" ")})`);
    });
  }

  // --- moving about ---

  const size = () => ({ width: svg.clientWidth || 800, height: svg.clientHeight || 500 });

  function move(x, y, scale, isGliding = true) {
    const least = Math.min(0.2, fitScale());
    scale = Math.min(3, Math.max(least, scale));
    shift = { x, y, scale };
    world.classList.toggle("gliding", isGliding && !reduced.matches);
    world.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
  }

  function fitScale(way = direction) {
    const layout = graph.layouts[way], room = size();
    return Math.min(1.25, room.width / layout.width, room.height / layout.height);
  }

  // As one reads, if that can be read; otherwise the direction in which more can be seen.
  const bestDirection = () => (fitScale("right") >= Math.min(0.85, fitScale("down")) ? "right" : "down");

  function fit(isGliding = true, least = 0) {
    const layout = graph.layouts[direction], room = size();
    const scale = Math.max(least, fitScale());
    const x = (room.width - layout.width * scale) / 2, y = (room.height - layout.height * scale) / 2;
    // What does not fit is shown from where the computation begins.
    move(layout.width * scale > room.width ? 0 : x, layout.height * scale > room.height ? 0 : y, scale, isGliding);
  }

  function zoom(factor, at = null, isGliding = false) {
    const room = size();
    const [px, py] = at ?? [room.width / 2, room.height / 2];
    const scale = Math.min(3, Math.max(Math.min(0.2, fitScale()), shift.scale * factor));
    const ratio = scale / shift.scale;
    move(px - (px - shift.x) * ratio, py - (py - shift.y) * ratio, scale, isGliding);
  }

  // Brings nodes into view if they are not; moves no further than it must.
  function follow(indices) {
    const layout = graph.layouts[direction], room = size();
    const spots = indices.map((index) => layout.centres[index]);
    if (spots.length === 0) return;
    const margin = 16;
    const shifted = (axis, extent, half, origin) => {
      const wanted = spots.map((spot) => spot[axis] * shift.scale + origin);
      const reach = half * shift.scale + margin;
      let low = Math.min(...wanted) - reach, high = Math.max(...wanted) + reach;
      if (high - low > extent) [low, high] = [wanted[0] - reach, wanted[0] + reach];
      if (low < 0) return origin - low;
      return high > extent ? origin - (high - extent) : origin;
    };
    const x = shifted(0, room.width, width / 2, shift.x);
    const y = shifted(1, room.height, height / 2 + 10, shift.y);
    if (x !== shift.x || y !== shift.y) move(x, y, shift.scale);
  }

  // --- showing a state ---

  const setText = (element, text) => {
    if (element.textContent !== text) element.textContent = text;
  };

  // `state` has for each node {data, grad, wrong, label} as texts, and
  // for each arrow {slope, flow}.
  function update(state, words) {
    graph.nodes.forEach((node, i) => {
      const card = cards[i], shown = state.nodes[i];
      setText(card.dataWord, words.data);
      setText(card.gradWord, shown.isPartial ? `${words.grad} ${shown.arrived}` : words.grad);
      setText(card.data, shown.data);
      setText(card.grad, shown.grad);
      setText(card.badgeWord, shown.verdict);
      setText(card.badgeText, shown.wrong);
      setText(card.title, shown.label);
      card.group.setAttribute("aria-label", shown.label);
      card.group.setAttribute("aria-pressed", String(shown.isSelected));
      const classes = card.group.classList;
      for (const name of ["has-data", "has-grad", "is-partial", "is-current", "is-input",
        "is-target", "is-selected", "is-wrong", "is-right", "has-badge"]) {
        classes.toggle(name, shown.classes.includes(name));
      }
      card.group.dataset.phase = state.phase;
    });
    arrows.forEach((arrow, i) => {
      const shown = state.arrows[i];
      if (arrow.text.textContent !== shown.slope) {
        arrow.text.textContent = shown.slope;
        const room = shown.slope.length * 6.9 + 14;
        arrow.back.setAttribute("width", room);
        arrow.back.setAttribute("x", -room / 2);
      }
      arrow.label.classList.toggle("is-shown", shown.slope !== "");
      arrow.label.classList.toggle("is-current", shown.flow !== "");
      arrow.path.setAttribute("marker-end", `url(#tip${shown.flow === "forward" ? "-forward" : ""})`);
      if (shown.flow === "backward" || shown.flow === "wrong") {
        arrow.path.setAttribute("marker-start", `url(#tip-${shown.flow})`);
        arrow.path.removeAttribute("marker-end");
      } else arrow.path.removeAttribute("marker-start");
      arrow.path.dataset.flow = shown.flow;
      arrow.pulse.dataset.flow = shown.flow;
    });
  }

  return {
    svg, cards, setLayout, bestDirection, nameCards, fit, fitScale, zoom, follow, update, size,
    get direction() { return direction; },
    get shift() { return shift; },
    move,
  };
})();
