/* The stepper. All comments are of this kind: some pages join the lines of what they show.
   Whatever the user can name gets into the page as the text of an element, and in no other way. */
"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const graph = JSON.parse($("graph").textContent);
  const { ids, kinds, ops, table, lines, views, root } = graph;
  const n = ids.length;
  const MOST_PATHS = 20;
  const MOST_COUNTED = 10n ** 1000n;
  const MOST_ROWS = 300;
  const MOST_USES = 40;
  const MOST_CHIPS = 24;
  const MANY_ARROWS = 400;
  const PAUSE = 600;
  const READABLE = 0.75;

  /* ---- the graph: each use of an operand is an arc; those of a node stand in a row ---- */

  const data = Float64Array.from(graph.data, Number);
  const operand = Int32Array.from(graph.operands);
  const partial = Float64Array.from(graph.partials, Number);
  const isEdge = Uint8Array.from(graph.partials, (x) => x !== null);
  const first = new Int32Array(n + 1);
  const user = new Int32Array(operand.length);
  for (let i = 0; i < n; i += 1) {
    first[i + 1] = first[i] + graph.arity[i];
    user.fill(i, first[i], first[i + 1]);
  }

  /* ---- the steps: one for each operation; the seed; one for each product of the sweep ---- */

  const computed = [];
  const when = new Int32Array(n).fill(-1);
  for (let i = 0; i < n; i += 1) {
    if (ops[i] >= 0) {
      when[i] = computed.length;
      computed.push(i);
    }
  }
  const turn = computed.length;
  const final = new Float64Array(n);
  const uses = Array.from({ length: n }, () => []);
  const arcs = [-1];
  const before = [0];
  const after = [1];
  const sweep = () => {
    const reached = new Uint8Array(n);
    final[root] = 1;
    reached[root] = 1;
    for (let i = root; i >= 0; i -= 1) {
      for (let arc = first[i]; reached[i] && arc < first[i + 1]; arc += 1) {
        if (isEdge[arc]) {
          const o = operand[arc];
          uses[o].push(turn + arcs.length);
          arcs.push(arc);
          before.push(final[o]);
          final[o] += final[i] * partial[arc];
          after.push(final[o]);
          reached[o] = 1;
        }
      }
    }
  };
  sweep();
  const length = turn + arcs.length;

  const arcOf = (k) => arcs[k - turn];
  const nodeOf = (k) => (k < turn ? computed[k] : k === turn ? root : user[arcOf(k)]);
  const targetOf = (k) => (k < turn ? computed[k] : k === turn ? root : operand[arcOf(k)]);

  /* ---- all paths between two nodes: their number, their sum, the largest ---- */

  /* Sizes are compared as sums of logarithms, so that no product overflows on the way. */
  const BEYOND = 2 ** 60;
  const sizeOf = (x) => (Number.isNaN(x) ? 2 * BEYOND : Math.max(-BEYOND, Math.min(BEYOND, Math.log2(Math.abs(x)))));
  const largest = (ways) => ways.sort((a, b) => b.size - a.size).slice(0, MOST_PATHS);
  const rank = (product) => (Number.isNaN(product) ? -Infinity : -Math.abs(product));
  const counted = (a, b) => {
    const sum = a === Infinity || b === Infinity ? Infinity : a + b;
    return sum > MOST_COUNTED ? Infinity : sum;
  };

  function paths(above, below) {
    const leads = new Uint8Array(n);
    leads[below] = below <= above ? 1 : 0;
    for (let i = below + 1; i <= above; i += 1) {
      for (let arc = first[i]; arc < first[i + 1] && !leads[i]; arc += 1) {
        leads[i] = isEdge[arc] && leads[operand[arc]];
      }
    }
    const adjoint = new Float64Array(n);
    const counts = new Map();
    const best = new Map();
    const found = [];
    if (leads[above]) {
      adjoint[above] = 1;
      counts.set(above, 1n);
      best.set(above, [{ size: 0, product: 1, arc: -1, rest: null }]);
    }
    for (let i = above; i > below; i -= 1) {
      for (let arc = first[i]; counts.has(i) && arc < first[i + 1]; arc += 1) {
        const o = operand[arc];
        if (isEdge[arc] && leads[o]) {
          found.push(arc);
          adjoint[o] += adjoint[i] * partial[arc];
          counts.set(o, counted(counts.get(o) || 0n, counts.get(i)));
          const ways = best.get(o) || [];
          for (const rest of best.get(i)) {
            ways.push({ size: rest.size + sizeOf(partial[arc]), product: rest.product * partial[arc], arc, rest });
          }
          best.set(o, ways.length > MOST_PATHS ? largest(ways) : ways);
        }
      }
    }
    const list = largest(best.get(below) || [])
      .map((end) => {
        const way = [];
        for (let at = end; at.rest; at = at.rest) {
          way.push(at.arc);
        }
        return { arcs: way.reverse(), product: end.product };
      })
      .sort((a, b) => rank(a.product) - rank(b.product) || 0);
    return { above, below, arcs: found, total: adjoint[below], count: counts.get(below) || 0n, largest: list };
  }

  /* ---- words ---- */

  const SIGNS = { "*": "\u00d7", "-": "\u2212", "/": "/", "+": "+", "**": "**" };
  const minus = (text) => text.replace(/-/g, "\u2212");

  function show(x) {
    if (!Number.isFinite(x)) {
      return Number.isNaN(x) ? "NaN" : x > 0 ? "inf" : "\u2212inf";
    }
    if (Number.isInteger(x) && Math.abs(x) < 1e7) {
      return minus(String(x));
    }
    const text = Math.abs(x) < 1e-4 ? x.toExponential(3) : x.toPrecision(4);
    return minus(text.includes("e") ? text.replace(/\.?0*e\+?/, "e") : String(Number(text)));
  }

  const exact = (x) => (Number.isFinite(x) ? minus(Object.is(x, -0) ? "-0" : String(x)) : show(x));

  function short(text, most) {
    const points = Array.from(text);
    const half = Math.floor(most / 2);
    return points.length <= most ? text : points.slice(0, half).join("") + "\u2026" + points.slice(-half).join("");
  }

  const few = (list, most) =>
    list.length <= most ? list : [...list.slice(0, most - 1), `\u2026 ${list.length - most + 1} more`];
  const plural = (count, what) => `${count.toLocaleString("en")} ${what}${Number(count) === 1 ? "" : "s"}`;
  const isConstant = (i) => kinds[i] === "constant";
  /* A name may be written from right to left; what stands around it keeps its order. */
  const isolate = (text) => (/[^ -~]/.test(text) ? `\u2068${text}\u2069` : text);
  const named = (i) => (isConstant(i) ? show(data[i]) : isolate(short(ids[i], 28)));

  function expression(i, word) {
    const op = table[ops[i]];
    const args = [];
    for (let arc = first[i]; arc < first[i + 1]; arc += 1) {
      args.push(word(operand[arc]));
    }
    if (op.symbol && op.symbol !== "abs") {
      const sign = SIGNS[op.symbol] || op.symbol;
      return args.length === 2 ? `${args[0]} ${sign} ${args[1]}` : sign + args[0];
    }
    const half = args.length / 2;
    if (op.columns && (op.name === "dot" || op.name === "sum")) {
      const terms = op.name === "sum" ? args : args.slice(0, half).map((x, k) => `${x} \u00d7 ${args[k + half]}`);
      return few(terms, 5).join(" + ");
    }
    return `${op.name}(${few(args, 6).join(", ")})`;
  }

  const signOf = (i) => {
    const op = table[ops[i]];
    return SIGNS[op.symbol] || op.symbol || op.name;
  };

  /* The formula of a partial, in the names of the graph: those of the row that its operand is in. The user's own
     primitives have none. */
  function formulaOf(arc) {
    const i = user[arc];
    const op = table[ops[i]];
    const rows = op.columns ? graph.arity[i] / op.operands.length : 1;
    const slot = arc - first[i];
    const text = op.partials[Math.floor(slot / rows)] || "";
    return text.replace(/\b[a-z]\w*\b(?!\()/g, (word) => {
      const column = op.operands.indexOf(word);
      const name =
        word === "out" ? named(i) : column < 0 ? word : named(operand[first[i] + column * rows + (slot % rows)]);
      return name.startsWith("\u2212") && text !== word ? `(${name})` : name;
    });
  }

  const by = (arc) => `\u2202${named(user[arc])}/\u2202${named(operand[arc])}`;

  /* ---- elements ---- */

  function make(tag, className, ...children) {
    const made = document.createElement(tag);
    if (className) {
      made.className = className;
    }
    made.append(...children);
    return made;
  }

  const fill = (parent, ...children) => parent.replaceChildren(...children);
  const nameOf = (i, most) => make("span", "name", short(ids[i], most || 200));

  function link(i, most) {
    const button = make("button", "link", nameOf(i, most));
    button.addEventListener("click", () => pick(i));
    return button;
  }

  function tableOf(heads, rows) {
    const head = make("tr", "", ...heads.map((text) => make("th", "", text)));
    head.querySelectorAll("th").forEach((th) => th.setAttribute("scope", "col"));
    const body = rows.map(([className, ...cells]) =>
      make("tr", className, ...cells.map((cell) => make("td", "", cell))),
    );
    return make("table", "", make("thead", "", head), make("tbody", "", ...body));
  }

  const svg = $("edges").namespaceURI;
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");

  /* ---- what is there: the position, the view, what is picked ---- */

  const grad = new Float64Array(n);
  let position = 0;
  let view = null;
  let picked = [];
  let traced = null;
  let isolated = -1;
  let looked = -1;
  let focused = 0;
  let timer = 0;
  let camera = { x: 0, y: 0, scale: 1 };
  let isFitted = true;

  const isKnown = (i) => when[i] < position;
  const byBox = () => $("grain").value === "box";

  /* ---- views: where Python put the boxes and the arrows ---- */

  function open(index) {
    const it = views[index];
    view = {
      ...it,
      index,
      lit: new Map(),
      places: it.boxes.map(([, , ...place]) => place),
      known: new Int32Array(it.boxes.length),
      swept: new Int32Array(it.boxes.length),
    };
    view.ahead = new Int32Array(it.curves.length);
    view.back = new Int32Array(it.curves.length);
    view.members = Array.from(it.boxes, () => []);
    it.boxOf.forEach((box, i) => view.members[box].push(i));
    view.own = view.members.map((list) => list.filter((i) => when[i] >= 0).length);
    view.arcs = Array.from(it.curves, () => []);
    it.edgeOf.forEach((edge, arc) => edge >= 0 && view.arcs[edge].push(arc));
    view.steps = new Int32Array(it.boxes.length);
    for (let k = turn + 1; k < length; k += 1) {
      view.steps[it.boxOf[targetOf(k)]] += 1;
    }
    for (let k = 0; k < position; k += 1) {
      count(k, 1);
    }
    view.boxes = it.boxes.map(([title, kind, x, y, w, h, outputs], b) => {
      const box = make("div", `box ${kind}`);
      const op = kind === "computed" || kind === "sum" ? signOf(view.members[b][view.members[b].length - 1]) : "";
      const head = make(
        "div",
        "head",
        make("span", "name", kind === "constant" ? show(data[view.members[b][0]]) : short(title, 26)),
      );
      if (op) {
        head.append(make("span", "op", kind === "sum" ? "\u03a3" : op));
      }
      box.append(head);
      box.style.cssText = `left:${x}px;top:${y}px;width:${w}px;height:${h}px`;
      box.setAttribute("role", "option");
      box.tabIndex = -1;
      box.classList.toggle("root", it.boxOf[root] === b);
      const parts = { box, outputs, title, kind };
      if (kind !== "constant") {
        const several = outputs.length > 1;
        parts.arePlain = outputs.every(isConstant);
        parts.value = make("span", "value");
        parts.slope = make("span", "slope");
        box.append(
          make("div", "", make("span", "soft", several ? "values" : "data"), parts.value),
          make(
            "div",
            "",
            make("span", "soft", parts.arePlain ? "constant" : several ? "\u03a3 grad" : "grad"),
            parts.slope,
          ),
        );
        if (view.members[b].length > 1) {
          parts.bar = make("div", "bar");
          box.append(parts.bar);
        }
      }
      box.addEventListener("click", () => choose(b));
      box.addEventListener("focus", () => {
        rove(b);
        look(b);
        if (box.matches(":focus-visible")) {
          reveal(b);
        }
      });
      box.addEventListener("pointerenter", () => look(b));
      box.addEventListener("pointerleave", () => look(-1));
      return parts;
    });
    view.paths = it.curves.map((curve) => {
      const path = document.createElementNS(svg, "path");
      path.setAttribute("d", curve);
      return path;
    });
    const [width, height] = it.size;
    $("edges").setAttribute("width", width);
    $("edges").setAttribute("height", height);
    fill($("boxes"), ...view.boxes.map((parts) => parts.box));
    fill($("lines"), ...view.paths);
    $("lines").classList.toggle("many", it.curves.length > MANY_ARROWS);
    $("views")
      .querySelectorAll("button")
      .forEach((button, i) => button.setAttribute("aria-pressed", String(i === index)));
    focused = 0;
    rove(it.boxOf[position ? targetOf(position - 1) : 0]);
    looked = -1;
    view.boxes.forEach((parts, b) => paintBox(b));
    view.paths.forEach((path, e) => paintEdge(e));
    trace();
    fit(true);
    render();
  }

  /* Tab stops at one of the boxes only. */
  function rove(b) {
    view.boxes[focused].box.tabIndex = -1;
    focused = b;
    view.boxes[b].box.tabIndex = 0;
  }

  /* Count a step that is done (by 1) or undone (by -1) in the boxes and the arrows of the view. */
  function count(k, sign) {
    if (k < turn) {
      view.known[view.boxOf[computed[k]]] += sign;
      for (let arc = first[computed[k]]; arc < first[computed[k] + 1]; arc += 1) {
        if (view.edgeOf[arc] >= 0) {
          view.ahead[view.edgeOf[arc]] += sign;
        }
      }
    } else if (k > turn) {
      view.swept[view.boxOf[targetOf(k)]] += sign;
      if (view.edgeOf[arcOf(k)] >= 0) {
        view.back[view.edgeOf[arcOf(k)]] += sign;
      }
    }
  }

  function paintBox(b) {
    const { box, outputs, value, slope, bar, title, kind, arePlain } = view.boxes[b];
    const members = view.members[b];
    const only = outputs.length === 1 ? outputs[0] : -1;
    let words =
      kind === "constant" ? `constant ${show(data[members[0]])}` : `${title}, ${kind === "rest" ? "others" : kind}`;
    if (value) {
      const total = outputs.reduce((sum, i) => sum + grad[i], 0);
      const number = only < 0 ? String(outputs.length) : isKnown(only) ? show(data[only]) : "\u00b7";
      value.textContent = number;
      slope.textContent = arePlain ? "" : show(total);
      value.classList.toggle("bad", only >= 0 && isKnown(only) && !Number.isFinite(data[only]));
      slope.classList.toggle("bad", !Number.isFinite(total));
      words +=
        only < 0
          ? `, ${plural(members.length, "value")}, sum of grads ${show(total)}`
          : `, data ${isKnown(only) ? number : "not computed yet"}, grad ${show(total)}`;
      if (bar) {
        const isBack = position > turn;
        box.style.setProperty("--tone", isBack ? "var(--grad)" : "var(--data)");
        box.style.setProperty(
          "--done",
          `${(100 * (isBack ? view.swept[b] / (view.steps[b] || 1) : view.known[b] / (view.own[b] || 1))).toFixed(1)}%`,
        );
      }
    }
    box.setAttribute("aria-label", words);
  }

  function paintEdge(e) {
    view.paths[e].classList.toggle("data", view.ahead[e] > 0 && !view.back[e]);
    view.paths[e].classList.toggle("grad", view.back[e] > 0);
  }

  /* ---- stepping ---- */

  function seek(to) {
    const goal = Math.max(0, Math.min(length, Math.trunc(to)));
    const boxes = new Set();
    const edges = new Set();
    const mark = (k) => {
      boxes.add(view.boxOf[targetOf(k)]);
      const node = nodeOf(k);
      for (
        let arc = k < turn ? first[node] : arcOf(k);
        arc >= 0 && arc < (k < turn ? first[node + 1] : arcOf(k) + 1);
        arc += 1
      ) {
        edges.add(view.edgeOf[arc]);
      }
    };
    const crosses = position > turn !== goal > turn;
    while (position < goal) {
      if (position >= turn) {
        grad[targetOf(position)] = after[position - turn];
      }
      count(position, 1);
      mark(position);
      position += 1;
    }
    while (position > goal) {
      position -= 1;
      if (position >= turn) {
        grad[targetOf(position)] = before[position - turn];
      }
      count(position, -1);
      mark(position);
    }
    edges.delete(-1);
    (crosses ? view.boxes.keys() : boxes).forEach(paintBox);
    edges.forEach(paintEdge);
    render();
    follow();
  }

  /* The steps of one box, one after the other, around step k: from where, and to where. */
  const work = (k) => (k < turn ? 0 : k === turn ? 1 : 2) * view.boxes.length + view.boxOf[nodeOf(k)];
  function runFrom(k) {
    let start = k;
    while (start > 0 && work(start - 1) === work(k)) {
      start -= 1;
    }
    return start;
  }
  function runTo(k) {
    let end = k + 1;
    while (end < length && work(end) === work(k)) {
      end += 1;
    }
    return end;
  }
  const on = (whole) => position < length && seek(whole ? runTo(position) : position + 1);
  const back = (whole) => position > 0 && seek(whole ? runFrom(position - 1) : position - 1);

  function play(isOn) {
    clearInterval(timer);
    timer = 0;
    if (isOn) {
      if (position === length) {
        seek(0);
      }
      timer = setInterval(() => {
        on(byBox());
        if (position === length) {
          play(false);
        }
      }, PAUSE);
    }
    $("play").classList.toggle("on", isOn);
    $("play").querySelector("span").textContent = isOn ? "Pause" : "Play";
    if (!isOn) {
      announce();
    }
  }

  /* ---- the picture: what is lit, what is picked, and the numbers on arrows ---- */

  function litSteps() {
    const start = position === 0 ? 0 : byBox() ? runFrom(position - 1) : position - 1;
    return Array.from({ length: position - start }, (_, k) => start + k);
  }

  /* A point of a curve, by its control points: to ask the browser would have it lay out the page. */
  function pointOf(curve, part) {
    const points = curve
      .slice(1)
      .split(/[C ]/)
      .map((pair) => pair.split(",").map(Number));
    const pieces = (points.length - 1) / 3;
    const piece = Math.min(pieces - 1, Math.floor(part * pieces));
    const t = part * pieces - piece;
    const weights = [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t ** 3];
    return [0, 1].map((axis) => weights.reduce((sum, w, k) => sum + w * points[3 * piece + k][axis], 0));
  }

  /* A number on an arrow: above or below it, where it covers no box and no other number, if there is such a place. */
  function chip(edge, className, text, taken) {
    const rows = text.split("\n");
    const w = 6.5 * Math.max(...rows.map((row) => row.length)) + 8;
    const h = 14 * rows.length + 2;
    const points = [0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8].map((part) => pointOf(view.curves[edge], part));
    const places = [-h - 4, 4, -2 * h - 8, h + 8].flatMap((away) =>
      points.map(([x, y]) => [x - w / 2, y + away, w, h]),
    );
    const covers = (place) => (other) =>
      place.every((corner, k) => k > 1 || (corner < other[k] + other[k + 2] && other[k] < corner + place[k + 2]));
    const place = places.find((it) => !view.places.some(covers(it)) && !taken.some(covers(it))) || places[0];
    taken.push(place);
    const made = make("span", className, text);
    made.style.left = `${place[0] + w / 2}px`;
    made.style.top = `${place[1]}px`;
    return made;
  }

  const chosenArcs = () => (!traced ? [] : isolated < 0 ? traced.arcs : traced.largest[isolated].arcs);

  function light() {
    const steps = litSteps();
    const boxes = new Map();
    const edges = new Map();
    for (const k of steps) {
      if (k < turn) {
        boxes.set(view.boxOf[computed[k]], "active-data");
        for (let arc = first[computed[k]]; arc < first[computed[k] + 1]; arc += 1) {
          edges.set(view.edgeOf[arc], ["data", show(data[operand[arc]]), edges.has(view.edgeOf[arc])]);
        }
      } else {
        if (!boxes.has(view.boxOf[nodeOf(k)])) {
          boxes.set(view.boxOf[nodeOf(k)], "source");
        }
        boxes.set(view.boxOf[targetOf(k)], "active-grad");
        if (k > turn) {
          edges.set(view.edgeOf[arcOf(k)], [
            "grad",
            `${show(final[nodeOf(k)])}\n\u00d7 ${show(partial[arcOf(k)])}`,
            edges.has(view.edgeOf[arcOf(k)]),
          ]);
        }
      }
    }
    edges.delete(-1);
    const chips = [];
    const lit = [];
    const taken = [];
    const write = (edge, className, text) =>
      chips.length < MOST_CHIPS && chips.push(chip(edge, className, text, taken));
    edges.forEach(([className, text, isSeveral], edge) => {
      const path = view.paths[edge].cloneNode();
      path.setAttribute("class", className);
      lit.push(path);
      if (!isSeveral && !traced && looked < 0) {
        write(edge, className, text);
      }
    });
    if (traced) {
      const counts = new Map();
      chosenArcs().forEach((arc) => counts.set(view.edgeOf[arc], counts.has(view.edgeOf[arc]) ? -1 : arc));
      counts.forEach((arc, edge) => edge >= 0 && arc >= 0 && write(edge, "pick", `\u00d7 ${show(partial[arc])}`));
    } else if (looked >= 0) {
      view.members[looked].forEach((i) => {
        for (let arc = first[i]; arc < first[i + 1] && chips.length < MOST_CHIPS; arc += 1) {
          if (isEdge[arc] && view.edgeOf[arc] >= 0 && view.arcs[view.edgeOf[arc]].length === 1) {
            write(view.edgeOf[arc], "soft", `\u2202 ${show(partial[arc])}`);
          }
        }
      });
    }
    fill($("lit"), ...lit);
    fill($("chips"), ...chips);
    view.lit.forEach((state, b) => view.boxes[b].box.classList.remove(state));
    boxes.forEach((state, b) => view.boxes[b].box.classList.add(state));
    view.lit = boxes;
  }

  function trace() {
    const edges = new Set();
    const boxes = new Set();
    chosenArcs().forEach((arc) => {
      edges.add(view.edgeOf[arc]);
      boxes.add(view.boxOf[user[arc]]);
      boxes.add(view.boxOf[operand[arc]]);
    });
    const marked = new Set(picked.map((i) => view.boxOf[i]));
    $("stage").classList.toggle("paths", Boolean(traced));
    view.paths.forEach((path, e) => path.classList.toggle("on-path", edges.has(e)));
    view.boxes.forEach(({ box }, b) => {
      box.classList.toggle("on-path", boxes.has(b));
      box.classList.toggle("picked", marked.has(b));
      box.setAttribute("aria-selected", String(marked.has(b)));
    });
  }

  /* ---- the panel ---- */

  const formula = (...parts) => make("div", "formula", ...parts);
  const tint = (className, text) => make("span", className, text);

  function added(k) {
    const arc = arcOf(k);
    return [
      formula(
        tint("grad", `${named(targetOf(k))}.grad`),
        " += ",
        tint("grad", `${named(nodeOf(k))}.grad`),
        " \u00d7 ",
        by(arc),
      ),
      formula(
        tint("grad", show(before[k - turn])),
        " += ",
        tint("grad", show(final[nodeOf(k)])),
        " \u00d7 ",
        show(partial[arc]),
        " \u2192 ",
        make("b", "grad", show(after[k - turn])),
      ),
    ];
  }

  function caseOf(k) {
    const ways = uses[targetOf(k)];
    const what = named(targetOf(k));
    if (ways.length === 1) {
      return [
        "case 1",
        `Case 1, the \u00d7: on the way to ${named(root)} only ${named(nodeOf(k))} uses ${what}, so ${what}.grad is one product.`,
      ];
    }
    return [
      "case 2",
      `Case 2, the +=: ${what} is used ${ways.length} times on the way to ${named(root)}. This is product ${ways.indexOf(k) + 1} of ${ways.length}; ${what}.grad is their sum.`,
    ];
  }

  function now() {
    const box = $("now");
    const k = position - 1;
    const counter = (number, of, word) =>
      make("span", "", `Step ${number.toLocaleString("en")} of ${of.toLocaleString("en")}, ${word}`);
    box.className = k < 0 ? "" : k < turn ? "data" : "grad";
    if (k < 0) {
      fill(
        box,
        make("div", "kicker", counter(0, length, "at the start")),
        make("p", "", "The inputs have their numbers. Nothing is computed yet, and every grad is 0."),
        make("p", "soft", "Step on with the right arrow, or play. Press ? for all keys."),
      );
      return;
    }
    const steps = litSteps();
    const several =
      steps.length > 1 ? [make("p", "soft", `The last of ${plural(steps.length, "step")} of this box.`)] : [];
    if (k < turn) {
      const i = computed[k];
      const kept = [];
      for (let arc = first[i]; arc < first[i + 1]; arc += 1) {
        if (isEdge[arc]) {
          kept.push(`${by(arc)} = ${show(partial[arc])}`);
        }
      }
      fill(
        box,
        make("div", "kicker", counter(position, length, "forward")),
        formula(tint("data", named(i)), " = ", expression(i, named)),
        formula(
          "= ",
          expression(i, (x) => show(data[x])),
        ),
        formula("= ", make("b", "data", show(data[i]))),
        ...(kept.length
          ? [
              make("p", "soft", "Kept for the sweep, the local derivatives (partials):"),
              ...few(kept, 4).map((text) => formula(text)),
            ]
          : []),
        ...several,
      );
    } else if (k === turn) {
      fill(
        box,
        make("div", "kicker", counter(position, length, "backward")),
        formula(tint("grad", `${named(root)}.grad`), " = ", make("b", "grad", "1")),
        make("p", "", `The seed: the derivative of ${named(root)} by itself is 1.`),
        make(
          "p",
          "soft",
          length === position
            ? ""
            : "The sweep goes from the last operation to the first: when a value hands its grad on, all that use it have added their products to it.",
        ),
      );
    } else {
      const [badge, words] = caseOf(k);
      fill(
        box,
        make("div", "kicker", counter(position, length, "backward"), make("span", "badge", badge)),
        ...added(k),
        make("p", "", words),
        ...several,
      );
    }
    if (position === length) {
      box.append(make("p", "", `The sweep is over: each grad is the derivative of ${named(root)} by that value.`));
    }
  }

  function sentence() {
    const k = position - 1;
    if (k < 0) {
      return "At the start: nothing is computed, every grad is 0.";
    }
    const where = `Step ${position} of ${length}. `;
    if (k < turn) {
      return `${where}Forward: ${named(computed[k])} = ${expression(computed[k], named)} = ${show(data[computed[k]])}.`;
    }
    if (k === turn) {
      return `${where}Backward: the seed, ${named(root)}.grad = 1.`;
    }
    return `${where}Backward: ${named(targetOf(k))}.grad ${show(before[k - turn])} plus ${named(nodeOf(k))}.grad ${show(final[nodeOf(k)])} times ${show(partial[arcOf(k)])} is ${show(after[k - turn])}.`;
  }

  function announce() {
    if (!timer) {
      $("status").textContent = sentence();
    }
  }

  function about(i) {
    const parts = [
      make(
        "h2",
        "",
        nameOf(i),
        " ",
        make("span", "soft", kinds[i] === "computed" ? `= ${expression(i, named)}` : kinds[i]),
      ),
    ];
    parts.push(
      tableOf(
        ["", "so far"],
        [
          ["", "data", tint("data", isKnown(i) ? exact(data[i]) : "not computed yet")],
          ["", i === root ? "grad, from the seed" : "grad", tint("grad", exact(grad[i]))],
        ],
      ),
    );
    if (lines.length && lines[i]) {
      parts.push(make("p", "soft", "made at ", make("span", "name", lines[i])));
    }
    const inside = [];
    for (let arc = first[i]; arc < first[i + 1] && inside.length < MOST_USES; arc += 1) {
      const text = formulaOf(arc);
      const label = make("span", "", isConstant(operand[arc]) ? named(operand[arc]) : link(operand[arc], 40));
      inside.push([
        "",
        label,
        tint("data", isKnown(operand[arc]) ? show(data[operand[arc]]) : "\u00b7"),
        isEdge[arc]
          ? make(
              "span",
              "",
              text && text.length < 30 && text !== show(partial[arc]) ? tint("soft", `${text} = `) : "",
              show(partial[arc]),
            )
          : tint("soft", "none"),
      ]);
    }
    if (inside.length < graph.arity[i]) {
      inside.push(["later", `${graph.arity[i] - inside.length} more`, "", ""]);
    }
    if (inside.length) {
      parts.push(make("h2", "", "Local derivatives"), tableOf(["operand", "data", "\u2202out/\u2202operand"], inside));
      if (inside.some(([, , , cell]) => cell.textContent === "none")) {
        parts.push(make("p", "soft", "none: a constant, or the operation is flat here; no derivative passes."));
      }
    }
    if (uses[i].length) {
      const done = (k) => k < position;
      const last = uses[i].filter(done).length;
      const start = Math.max(0, Math.min(last - MOST_USES / 2, uses[i].length - MOST_USES));
      const rows = uses[i].slice(start, start + MOST_USES).map((k) => {
        const term = `${show(final[nodeOf(k)])} \u00d7 ${show(partial[arcOf(k)])}`;
        return [
          done(k) ? (k === position - 1 ? "current" : "") : "later",
          make("span", "", link(nodeOf(k), 40)),
          done(k) ? term : "\u00b7",
          done(k) ? show(final[nodeOf(k)] * partial[arcOf(k)]) : "not yet",
        ];
      });
      if (rows.length < uses[i].length) {
        rows.push(["later", `${uses[i].length - rows.length} more`, "", ""]);
      }
      rows.push(["sum", "grad so far", "", tint("grad", show(grad[i]))]);
      parts.push(
        make(
          "h2",
          "",
          uses[i].length === 1 ? "grad = one product" : `grad = sum over ${plural(uses[i].length, "use")}`,
        ),
        tableOf(["used by", "its grad \u00d7 \u2202", "product"], rows),
      );
    }
    if (!picked.includes(i) && !isConstant(i)) {
      const button = make("button", "", "Pick it for paths");
      button.addEventListener("click", () => pick(i));
      parts.push(make("p", "", button));
    }
    return parts;
  }

  function paintNode() {
    const target =
      looked >= 0
        ? looked
        : view.boxOf[picked.length ? picked[picked.length - 1] : position ? targetOf(position - 1) : root];
    const members = view.members[target];
    const chosen =
      looked < 0 && picked.length ? picked[picked.length - 1] : looked < 0 && position ? targetOf(position - 1) : -1;
    if (members.length === 1) {
      fill($("node"), ...about(members[0]));
      return;
    }
    const { title, outputs } = view.boxes[target];
    const others = members.filter((i) => !isConstant(i));
    const start = Math.max(0, Math.min(others.indexOf(chosen) - MOST_USES / 2, others.length - MOST_USES));
    const listed = [
      make("h2", "", make("span", "name", title), " ", tint("soft", `${plural(others.length, "value")} in one box`)),
      tableOf(["name", "data", "grad"], others.slice(start, start + MOST_USES).map(row)),
    ];
    if (others.length > MOST_USES) {
      listed.push(
        make("p", "soft", `${MOST_USES} of ${others.length.toLocaleString("en")}; find others among all values.`),
      );
    }
    const single = chosen >= 0 ? chosen : outputs.length === 1 ? outputs[0] : -1;
    fill($("node"), ...(single >= 0 ? [...about(single), ...listed] : listed));
  }

  const row = (i) => {
    const isLit = position > 0 && targetOf(position - 1) === i;
    return [
      isLit ? "current" : "",
      link(i, 60),
      tint("data", isKnown(i) ? show(data[i]) : "\u00b7"),
      tint("grad", show(grad[i])),
    ];
  };

  function paintAll() {
    const wanted = $("search").value.toLowerCase();
    const found = [];
    for (let i = 0; i < n; i += 1) {
      if (!isConstant(i) && ids[i].toLowerCase().includes(wanted)) {
        found.push(i);
      }
    }
    const rows = found.slice(0, MOST_ROWS).map((i) => {
      const [className, ...cells] = row(i);
      return make("tr", className, ...cells.map((cell) => make("td", "", cell)));
    });
    fill($("rows"), ...rows);
    $("more").textContent =
      found.length > MOST_ROWS
        ? `The first ${MOST_ROWS} of ${found.length.toLocaleString("en")}; find others by name.`
        : found.length
          ? ""
          : "No value has that name.";
  }

  const many = (count) => {
    if (count === Infinity) {
      return "more than 10^1000 paths";
    }
    const text = count.toString();
    return text.length > 15 ? `about ${text[0]}.${text.slice(1, 3)}e${text.length - 1} paths` : plural(count, "path");
  };

  function paintPaths() {
    const panel = $("paths");
    if (!traced) {
      const parts = [make("h2", "", picked.length ? "Pick a second value" : "Pick two values")];
      parts.push(
        make(
          "p",
          "",
          "Click two values, or press Enter on them, to see every path between them: the product of the local derivatives along each, and their sum.",
        ),
      );
      if (picked.length && picked[0] !== root) {
        const button = make("button", "", "Paths to ", nameOf(root, 40));
        button.addEventListener("click", () => pick(root));
        parts.push(make("p", "", button));
      }
      fill(panel, ...parts);
      return;
    }
    const { above, below, total, count: all, largest: ways } = traced;
    const derivative = make("span", "", "d ", nameOf(above, 60), " / d ", nameOf(below, 60));
    const parts = [make("h2", "", derivative)];
    if (!ways.length) {
      fill(panel, ...parts, make("p", "", "No path between them passes a derivative on, so the derivative is 0."));
      return;
    }
    const isAll = BigInt(ways.length) === all;
    parts.push(make("p", "", `${many(all)}, ${all === 1n ? "case 1: a product" : "case 2: a sum of products"}.`));
    parts.push(make("p", "total", "Total ", make("b", "pick", show(total))));
    if (above === root) {
      const same = Object.is(total, final[below]);
      parts.push(
        make(
          "p",
          same ? "soft" : "bad",
          same
            ? "Equal to the grad at the end of the sweep, to the last bit."
            : `The grad at the end of the sweep is ${exact(final[below])}.`,
        ),
      );
    }
    if (!isAll) {
      parts.push(make("p", "soft", `The ${ways.length} largest of them:`));
    }
    const buttons = ways.map(({ arcs: way, product }, p) => {
      const nodes = [above, ...way.map((arc) => operand[arc])].map((i) => short(ids[i], 24));
      const factors = way.map((arc) => show(partial[arc]));
      const shorten = (list, most, sign) =>
        (list.length <= most ? list : [...list.slice(0, most / 2), "\u2026", ...list.slice(-most / 2)]).join(sign);
      const button = make(
        "button",
        "",
        make("span", "name", shorten(nodes, 10, " \u2192 ")),
        make(
          "span",
          "formula",
          factors.length > 1 ? `${shorten(factors, 12, " \u00d7 ")} = ` : "",
          make("b", "pick", show(product)),
        ),
      );
      button.setAttribute("aria-pressed", String(isolated === p));
      button.addEventListener("click", () => {
        isolated = isolated === p ? -1 : p;
        trace();
        light();
        paintPaths();
        panel.querySelectorAll("ol button")[p].focus();
      });
      return make("li", "", button);
    });
    const clear = make("button", "", "Pick others");
    clear.addEventListener("click", () => choosePicked([]));
    fill(panel, ...parts, make("ol", "paths", ...buttons), make("p", "", clear));
  }

  function tab(id) {
    for (const name of ["node", "paths", "all"]) {
      $(name).hidden = name !== id;
      $(`tab-${name}`).setAttribute("aria-selected", String(name === id));
      $(`tab-${name}`).tabIndex = name === id ? 0 : -1;
    }
    panel();
  }

  function panel() {
    if (!$("node").hidden) {
      paintNode();
    } else if (!$("paths").hidden) {
      paintPaths();
    } else {
      paintAll();
    }
  }

  function render() {
    $("time").value = position;
    $("time").setAttribute("aria-valuetext", `${position} of ${length}, ${position <= turn ? "forward" : "backward"}`);
    $("count").textContent = `${position.toLocaleString("en")} / ${length.toLocaleString("en")}`;
    $("home").disabled = $("back").disabled = position === 0;
    $("end").disabled = $("next").disabled = position === length;
    light();
    now();
    panel();
    announce();
  }

  /* ---- looking and picking ---- */

  function look(b) {
    if (b !== looked && !$("stage").classList.contains("drag")) {
      looked = b;
      light();
      if (!$("node").hidden) {
        paintNode();
      }
    }
  }

  function choosePicked(list) {
    picked = list;
    isolated = -1;
    const [below, above] = [...picked].sort((a, b) => a - b);
    traced = picked.length === 2 ? paths(above, below) : null;
    trace();
    light();
    tab(picked.length === 2 ? "paths" : "node");
  }

  function pick(i) {
    if (!isConstant(i)) {
      choosePicked(
        picked.includes(i) ? picked.filter((other) => other !== i) : picked.length === 2 ? [i] : [...picked, i],
      );
    }
  }

  function choose(b) {
    const { outputs } = view.boxes[b];
    if (outputs.length === 1) {
      pick(outputs[0]);
    } else {
      looked = b;
      tab("node");
    }
  }

  function walk(toUser) {
    const members = new Set(view.members[focused]);
    const inside = (i) => members.has(i);
    let found = -1;
    view.edgeOf.forEach((edge, arc) => {
      if (edge >= 0 && found < 0 && inside(toUser ? operand[arc] : user[arc])) {
        found = view.boxOf[toUser ? user[arc] : operand[arc]];
      }
    });
    go(found);
  }

  function go(b) {
    if (b >= 0 && b < view.boxes.length) {
      view.boxes[b].box.focus();
    }
  }

  /* ---- the camera ---- */

  let room = { width: 0, height: 0 };

  function move(next, glide) {
    camera = next;
    $("world").classList.toggle("glide", Boolean(glide) && !calm.matches);
    $("world").style.transform = `translate(${camera.x}px, ${camera.y}px) scale(${camera.scale})`;
  }

  /* The whole graph; at first no smaller than can be read, and then from its inputs on. */
  function fit(readable) {
    const { width, height } = room;
    if (!width || !height) {
      return;
    }
    const [w, h] = view.size;
    const whole = Math.min((width - 24) / w, (height - 64) / h, 1.6);
    const scale = readable ? Math.max(whole, READABLE) : whole;
    isFitted = true;
    move({ x: w * scale > width ? 12 : (width - w * scale) / 2, y: (height - 40 - h * scale) / 2, scale });
    if (readable) {
      follow();
    }
  }

  function zoom(factor, at) {
    const { width, height } = room;
    const { x, y } = at || { x: width / 2, y: height / 2 };
    const scale = Math.max(0.02, Math.min(4, camera.scale * factor));
    const ratio = scale / camera.scale;
    isFitted = false;
    move({ x: x - (x - camera.x) * ratio, y: y - (y - camera.y) * ratio, scale }, !at);
  }

  /* Bring boxes into the window, or the last of them if there is no room, with as much of the graph around as there is. */
  function reveal(...shown) {
    const { width, height } = room;
    const { scale } = camera;
    const places = shown.map((b) => view.places[b]);
    const left = Math.min(...places.map(([x]) => x));
    const top = Math.min(...places.map(([, y]) => y));
    const right = Math.max(...places.map(([x, , w]) => x + w));
    const bottom = Math.max(...places.map(([, y, , h]) => y + h));
    if (shown.length > 1 && ((right - left) * scale > width - 24 || (bottom - top) * scale > height - 60)) {
      reveal(shown[shown.length - 1]);
    } else if (
      width &&
      (camera.x + left * scale < 8 ||
        camera.y + top * scale < 8 ||
        camera.x + right * scale > width - 8 ||
        camera.y + bottom * scale > height - 48)
    ) {
      const centre = (middle, extent, space) => {
        const spare = space - extent * scale;
        return spare > 16 ? spare / 2 : Math.max(spare - 12, Math.min(12, space / 2 - middle * scale));
      };
      move(
        {
          x: centre((left + right) / 2, view.size[0], width),
          y: centre((top + bottom) / 2, view.size[1], height - 40),
          scale,
        },
        true,
      );
    }
  }

  function follow() {
    if (position > 0) {
      reveal(view.boxOf[nodeOf(position - 1)], view.boxOf[targetOf(position - 1)]);
    }
  }

  /* ---- controls ---- */

  const flip = () => {
    $("grain").value = byBox() ? "one" : "box";
    render();
  };
  const KEYS = {
    ArrowRight: (event) => on(event.shiftKey || byBox()),
    ArrowLeft: (event) => back(event.shiftKey || byBox()),
    ArrowUp: () => walk(true),
    ArrowDown: () => walk(false),
    Home: () => seek(0),
    End: () => seek(length),
    " ": () => play(!timer),
    Enter: () => document.activeElement === view.boxes[focused].box && choose(focused),
    Escape: () => choosePicked([]),
    b: () => seek(turn),
    n: () => go(focused + 1),
    p: () => go(focused - 1),
    v: () => open((view.index + 1) % views.length),
    g: flip,
    "+": () => zoom(1.25),
    "=": () => zoom(1.25),
    "-": () => zoom(0.8),
    0: () => fit(false),
    "?": () => $("keys").showModal(),
  };

  document.addEventListener("keydown", (event) => {
    const target = event.target;
    const isTyping = target.matches("input[type=search], select") || $("keys").open;
    const isNative =
      (target.matches("input[type=range]") && /^Arrow(Up|Down)$/.test(event.key)) ||
      (target.matches("button") && (event.key === " " || event.key === "Enter")) ||
      (target.matches("[role=tab]") && /^Arrow(Left|Right)$/.test(event.key));
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (!isTyping && !isNative && !event.ctrlKey && !event.metaKey && !event.altKey && Object.hasOwn(KEYS, key)) {
      event.preventDefault();
      KEYS[key](event);
    }
  });

  const press = (id, action) => $(id).addEventListener("click", action);
  press("home", () => seek(0));
  press("back", () => back(byBox()));
  press("play", () => play(!timer));
  press("next", () => on(byBox()));
  press("end", () => seek(length));
  press("turn", () => seek(turn));
  press("in", () => zoom(1.25));
  press("out", () => zoom(0.8));
  press("fit", () => fit(false));
  press("help", () => $("keys").showModal());
  $("grain").addEventListener("change", render);
  $("time").addEventListener("input", () => seek(Number($("time").value)));
  $("search").addEventListener("input", paintAll);

  const tabs = ["node", "paths", "all"];
  tabs.forEach((id, i) => {
    press(`tab-${id}`, () => tab(id));
    $(`tab-${id}`).addEventListener("keydown", (event) => {
      if (/^Arrow(Left|Right)$/.test(event.key)) {
        const next = tabs[(i + (event.key === "ArrowRight" ? 1 : 2)) % 3];
        tab(next);
        $(`tab-${next}`).focus();
      }
    });
  });

  const stage = $("stage");
  stage.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const corner = stage.getBoundingClientRect();
      zoom(Math.exp(-event.deltaY / 500), { x: event.clientX - corner.left, y: event.clientY - corner.top });
    },
    { passive: false },
  );

  let held = null;
  stage.addEventListener("pointerdown", (event) => {
    if (event.button === 0 && !event.target.closest(".zoom")) {
      held = { x: event.clientX, y: event.clientY, camera };
    }
  });
  window.addEventListener("pointermove", (event) => {
    if (held) {
      const dx = event.clientX - held.x;
      const dy = event.clientY - held.y;
      if (stage.classList.contains("drag") || Math.hypot(dx, dy) > 4) {
        stage.classList.add("drag");
        isFitted = false;
        move({ ...held.camera, x: held.camera.x + dx, y: held.camera.y + dy });
      }
    }
  });
  window.addEventListener("pointerup", () => {
    held = null;
    setTimeout(() => stage.classList.remove("drag"));
  });
  stage.addEventListener(
    "click",
    (event) => {
      if (stage.classList.contains("drag")) {
        event.stopPropagation();
      }
    },
    true,
  );
  new ResizeObserver(() => {
    room = { width: stage.clientWidth, height: stage.clientHeight };
    if (isFitted) {
      fit(true);
    }
  }).observe(stage);

  /* ---- begin ---- */

  document.title = `${graph.title}: step through backpropagation`;
  $("title").textContent = graph.title;
  const missing = graph.missing.length ? `; Graphviz could not lay out: ${graph.missing.join(", ")}` : "";
  $("size").textContent = `${plural(graph.values, "value")}, ${plural(length, "step")}${missing}`;
  $("time").max = length;
  $("time").style.setProperty("--turn", `${(100 * turn) / length}%`);
  fill(
    $("views"),
    ...views.map((it, i) => {
      const button = make("button", "", it.label);
      button.addEventListener("click", () => open(i));
      return button;
    }),
  );
  $("views").hidden = views.length < 2;
  open(graph.start);

  window.stepper = {
    length,
    turn,
    root,
    ids,
    seek,
    paths,
    view: open,
    get position() {
      return position;
    },
    get grads() {
      return Array.from(grad);
    },
  };
})();
