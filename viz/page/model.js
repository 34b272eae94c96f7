// The numbers: forward, backward, the wrong order, finite differences. Nothing is drawn here.
//
// `operations` is generated from the engine's own rules. A graph is a list of nodes in the order of
// their creation, so every input stands before what is computed from it, and the last is the root.

const decode = (value) => (typeof value === "string" ? Number(value) : value);

const graph = (() => {
  const read = JSON.parse(document.getElementById("graph").textContent);
  for (const [index, node] of read.nodes.entries()) {
    node.index = index;
    node.isLeaf = node.op === "";
    node.data = decode(node.data);
    for (const input of node.inputs) {
      if (input.node === null) input.number = decode(input.number);
      else if (input.number !== null) input.number = decode(input.number);
    }
    node.sources = node.inputs.map((input, position) => ({ ...input, position }))
      .filter((input) => input.node !== null);
  }
  for (const node of read.nodes) node.consumers = 0;
  for (const node of read.nodes) {
    for (const source of node.sources) read.nodes[source.node].consumers += 1;
  }
  read.root = read.nodes.length - 1;
  // Without a readable rule for every operation nothing can be computed anew.
  read.canCompute = read.nodes.every((node) => node.isLeaf || node.operation !== null);
  return read;
})();

// The inputs as an operation takes them: members of a group together in an array.
function argumentsOf(node, data) {
  const flat = node.inputs.map((input) => (input.node === null ? input.number : data[input.node]));
  if (node.groups === null) return flat;
  let start = 0;
  return node.groups.map((size) => {
    if (size === null) return flat[start++];
    start += size;
    return flat.slice(start - size, start);
  });
}

// The number of every node. `leaves` holds those of the leaves; `changed` puts a number of its own
// in the place of what one node would compute.
function forward(leaves, changed = null) {
  const data = [];
  for (const node of graph.nodes) {
    if (changed !== null && changed.node === node.index) data.push(changed.value);
    else if (node.isLeaf) data.push(leaves[node.index]);
    else if (node.operation === null) data.push(node.data);
    else data.push(operations[node.operation].forward(...argumentsOf(node, data)));
  }
  return data;
}

// The local derivative by one source, and what that source receives of the gradient g.
function pull(node, source, data, g) {
  if (node.operation === null) return { slope: source.number, share: g * source.number };
  const { slopes, flows } = operations[node.operation];
  const known = [...argumentsOf(node, data), data[node.index]];
  return {
    slope: Number(slopes[source.position](...known)),
    share: Number(flows[source.position](...known, g)),
  };
}

// The reverse sweep: every node once, the newest first, with the complete gradient.
// Returns the gradients and the steps; each share knows the sum of its destination so far.
function backward(data) {
  const gradients = graph.nodes.map(() => null);
  const paths = graph.nodes.map(() => []);
  const steps = [];
  gradients[graph.root] = 1;
  for (const node of [...graph.nodes].reverse()) {
    const g = gradients[node.index];
    const shares = node.sources.map((source) => {
      const to = source.node;
      const before = gradients[to];
      const { slope, share } = pull(node, source, data, g);
      gradients[to] = before === null ? share : before + share;
      const path = {
        from: node.index, to, arrow: source.arrow, formula: source.slope, g, slope, share, before,
        sum: gradients[to], path: paths[to].length + 1, paths: graph.nodes[to].consumers,
      };
      paths[to].push(path);
      return path;
    });
    steps.push({ node: node.index, g, shares });
  }
  return { gradients, paths, steps };
}

// The wrong order, as viz/wrong_order.py has it: pass on all that you have, then let each of your
// inputs do the same at once. Whoever is reached by two arrows passes on twice, and what it had
// passed on before is counted once more by everybody behind it.
function wrongOrder(data, limit) {
  const sums = graph.nodes.map(() => null);
  const passed = graph.nodes.map(() => null);
  const again = graph.nodes.map(() => false);
  const steps = [];
  sums[graph.root] = 1;
  const waiting = [[graph.root]];
  while (waiting.length > 0) {
    const index = waiting[waiting.length - 1].shift();
    if (index === undefined) {
      waiting.pop();
      continue;
    }
    const node = graph.nodes[index];
    if (node.sources.length === 0) continue;
    if (steps.length === limit) return { sums, again, steps, isCut: true };
    const g = sums[index], earlier = passed[index];
    passed[index] = g;
    const shares = node.sources.map((source) => {
      const to = source.node, before = sums[to];
      const { slope, share } = pull(node, source, data, g);
      sums[to] = before === null ? share : before + share;
      again[to] ||= again[index] || (earlier !== null && earlier !== 0);
      return {
        from: index, to, arrow: source.arrow, formula: source.slope, g, slope, share, before,
        sum: sums[to], isAgain: again[to],
      };
    });
    steps.push({ node: index, g, earlier, shares });
    waiting.push(node.sources.map((source) => source.node));
  }
  return { sums, again, steps, isCut: false };
}

// The slope of the root by one node, without any rule: move the node a little to both sides.
function finiteDifference(leaves, data, index, gradient) {
  const x = data[index];
  const result = (value) => forward(leaves, { node: index, value })[graph.root];
  // The step balances the error of the curve against that of rounding, and is a power of two, so
  // that x + step is exact or nearly so.
  const step = 2 ** Math.round(Math.log2(6e-6 * Math.max(1, Math.abs(x))));
  const sides = (h) => {
    const middle = result(x), above = result(x + h), below = result(x - h);
    const up = x + h - x, down = x - (x - h);
    return {
      slope: (above - below) / (up + down), left: (middle - below) / down,
      right: (above - middle) / up, size: Math.max(Math.abs(above), Math.abs(below)),
    };
  };
  const near = sides(step), far = sides(2 * step);
  const gap = Math.abs(near.right - near.left), farGap = Math.abs(far.right - far.left);
  const rounding = (32 * Number.EPSILON * near.size) / step;
  const scale = Math.max(1, Math.abs(near.slope), Math.abs(gradient));
  const difference = Math.abs(near.slope - gradient);
  const found = { step, slope: near.slope, left: near.left, right: near.right, difference };
  if (!Number.isFinite(near.slope) || !Number.isFinite(gradient)) return { ...found, word: "unknown" };
  // Of a smooth function both one-sided slopes draw together as the step shrinks; at a corner they
  // stay apart.
  if (gap > 1e-4 * scale + 4 * rounding && farGap < 1.5 * gap) return { ...found, word: "corner" };
  const curve = Math.abs(far.slope - near.slope);
  const isClose = difference <= 1e-7 * scale + rounding + curve;
  return { ...found, word: isClose ? "agrees" : "differs" };
}
