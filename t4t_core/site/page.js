"use strict";
// Texts of the project are only ever set as text: nothing here makes HTML of them.

const content = JSON.parse(document.getElementById("content").textContent);
const nodes = new Map(content.nodes.map((node) => [node.id, node]));
const children = new Map(content.nodes.map((node) => [node.id, []]));
for (const edge of content.edges) children.get(edge.from).push(edge.to);

const main = document.getElementById("main");
const search = document.getElementById("search");
const SVG = "http://www.w3.org/2000/svg";
const { node_width: WIDTH, node_height: HEIGHT } = content.size;
const KINDS = ["source", "seed", "view", "table", "incremental", "ephemeral", "scd2"];

function element(name, attributes = {}, ...inside) {
  return filled(document.createElement(name), attributes, inside);
}

function drawn(name, attributes = {}, ...inside) {
  return filled(document.createElementNS(SVG, name), attributes, inside);
}

function filled(made, attributes, inside) {
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "style") for (const [name, one] of Object.entries(value)) made.style.setProperty(name, one);
    else made.setAttribute(key, value);
  }
  made.append(...inside.filter((part) => part !== null && part !== undefined));
  return made;
}

const colour = (node) => ({
  "--kind": `var(--${KINDS.includes(node.materialization) ? node.materialization : "table"})`,
});
const address = (id) => `#${encodeURIComponent(id)}`;
const shortened = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

function link(id, text = id) {
  return nodes.has(id) ? element("a", { href: address(id) }, text) : element("span", {}, text);
}

// --- the list ---------------------------------------------------------------------------------

function wanted() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const text = (node) =>
    [node.id, node.materialization, node.description, ...(node.tags || []), ...(node.owners || []),
      ...node.columns.map((column) => column.name)].join(" ").toLowerCase();
  return content.nodes.filter((node) => words.every((word) => text(node).includes(word)));
}

function showList() {
  const list = document.getElementById("list");
  const here = current();
  const groups = new Map();
  for (const node of wanted()) {
    const group = node.materialization === "source" ? `${node.schema} · sources` : node.schema;
    if (!groups.has(group)) groups.set(group, []);
    groups.get(group).push(node);
  }
  list.replaceChildren();
  for (const [group, members] of [...groups].sort((a, b) => a[0].localeCompare(b[0]))) {
    list.append(element("h2", {}, group));
    for (const node of members.sort((a, b) => a.name.localeCompare(b.name))) {
      const item = element("a", { href: address(node.id), title: node.materialization },
        element("span", { class: "dot", style: colour(node) }), node.name);
      if (node === here) item.setAttribute("aria-current", "page");
      list.append(item);
    }
  }
  if (!groups.size) list.append(element("p", {}, "Nothing has these words."));
}

// --- graphs -----------------------------------------------------------------------------------

function box(node, x, y) {
  return drawn("a", { href: address(node.id), transform: `translate(${x} ${y})`, style: colour(node) },
    drawn("title", {}, `${node.id} (${node.materialization})`),
    drawn("rect", { class: "box", width: WIDTH, height: HEIGHT, rx: 7 }),
    drawn("rect", { class: "bar", x: 0, y: 9, width: 4, height: HEIGHT - 18, rx: 2 }),
    drawn("text", { class: "name", x: 14, y: 19 }, shortened(node.name, 25)),
    drawn("text", { class: "schema", x: 14, y: 34 },
      shortened([node.schema, node.strategy || node.materialization].filter(Boolean).join(" · "), 32)));
}

function line(points) {
  let path = `M${points[0][0]} ${points[0][1]}`;
  for (let at = 1; at < points.length; at += 1) {
    const [x, y] = points[at];
    const middle = (points[at - 1][0] + x) / 2;
    path += ` C${middle} ${points[at - 1][1]} ${middle} ${y} ${x} ${y}`;
  }
  return drawn("path", { class: "edge", d: path });
}

function reached(id, next, found = new Set([id])) {
  for (const other of next(id)) {
    if (!found.has(other)) {
      found.add(other);
      reached(other, next, found);
    }
  }
  return found;
}

function lightUp(id, boxes, lines) {
  const up = reached(id, (one) => nodes.get(one).parents);
  const down = reached(id, (one) => children.get(one));
  const isLit = (edge) => (up.has(edge.from) && up.has(edge.to)) || (down.has(edge.from) && down.has(edge.to));
  for (const [other, drawnBox] of boxes) drawnBox.classList.toggle("faded", !up.has(other) && !down.has(other));
  lines.forEach((path, at) => {
    path.classList.toggle("lit", isLit(content.edges[at]));
    path.classList.toggle("faded", !isLit(content.edges[at]));
  });
}

function matchOnly(boxes, lines) {
  const found = new Set(wanted().map((node) => node.id));
  for (const [id, drawnBox] of boxes) drawnBox.classList.toggle("faded", !found.has(id));
  lines.forEach((path, at) => {
    const { from, to } = content.edges[at];
    path.classList.remove("lit");
    path.classList.toggle("faded", !(found.has(from) && found.has(to)));
  });
}

let afterSearch = () => {};

function showGraph() {
  const lines = content.edges.map((edge) => line(edge.points));
  const boxes = new Map(content.nodes.map((node) => [node.id, box(node, node.x, node.y)]));
  const whole = drawn("g", {}, ...lines, ...boxes.values());
  const picture = drawn("svg", { role: "img", "aria-label": "What reads what" }, whole);
  for (const [id, drawnBox] of boxes) {
    for (const event of ["pointerenter", "focusin"]) drawnBox.addEventListener(event, () => lightUp(id, boxes, lines));
    for (const event of ["pointerleave", "focusout"]) drawnBox.addEventListener(event, () => matchOnly(boxes, lines));
  }
  const view = movable(picture, whole);
  const button = (text, label, act) => {
    const made = element("button", { type: "button", "aria-label": label, title: label }, text);
    made.addEventListener("click", act);
    return made;
  };
  const kinds = KINDS.filter((kind) => content.nodes.some((node) => node.materialization === kind));
  main.replaceChildren(element("div", { class: "graph" }, picture,
    element("div", { class: "tools" },
      button("+", "Nearer", () => view.zoom(1.25)),
      button("−", "Farther", () => view.zoom(0.8)),
      button("Fit", "Show all", view.fit)),
    element("div", { class: "legend" }, ...kinds.map((kind) =>
      element("span", {}, element("i", { class: "dot", style: { "--kind": `var(--${kind})` } }), kind)))));
  view.fit();
  afterSearch = () => matchOnly(boxes, lines);
  afterSearch();
}

function movable(picture, whole) {
  let scale = 1, left = 0, top = 0, held = null, hasMoved = false;
  const place = () => {
    whole.setAttribute("transform", `translate(${left} ${top}) scale(${scale})`);
    whole.classList.toggle("far", scale < 0.4); // names cannot be read any more, colours can
  };
  const zoomAt = (factor, x, y) => {
    const next = Math.min(Math.max(scale * factor, 0.05), 2.5);
    left = x - ((x - left) * next) / scale;
    top = y - ((y - top) * next) / scale;
    scale = next;
    place();
  };
  const fit = () => {
    const { width, height } = picture.getBoundingClientRect();
    scale = Math.min((width - 80) / content.size.width, (height - 130) / content.size.height, 1.15);
    scale = Math.max(scale, 0.05);
    left = (width - content.size.width * scale) / 2;
    top = (height - 40 - content.size.height * scale) / 2;
    place();
  };
  picture.addEventListener("wheel", (event) => {
    event.preventDefault();
    const { left: x, top: y } = picture.getBoundingClientRect();
    zoomAt(Math.exp(-event.deltaY * 0.0015), event.clientX - x, event.clientY - y);
  }, { passive: false });
  picture.addEventListener("pointerdown", (event) => {
    held = [event.clientX - left, event.clientY - top, event.clientX, event.clientY];
    hasMoved = false;
  });
  picture.addEventListener("pointermove", (event) => {
    if (!held) return;
    if (Math.hypot(event.clientX - held[2], event.clientY - held[3]) > 4 && !hasMoved) {
      hasMoved = true;
      picture.setPointerCapture(event.pointerId);
      picture.classList.add("moving");
    }
    if (hasMoved) {
      [left, top] = [event.clientX - held[0], event.clientY - held[1]];
      place();
    }
  });
  for (const event of ["pointerup", "pointercancel"]) {
    picture.addEventListener(event, () => {
      held = null;
      picture.classList.remove("moving");
    });
  }
  picture.addEventListener("dragstart", (event) => event.preventDefault());
  picture.addEventListener("click", (event) => {
    if (hasMoved) event.preventDefault();
  }, true);
  return {
    fit,
    zoom: (factor) => {
      const { width, height } = picture.getBoundingClientRect();
      zoomAt(factor, width / 2, height / 2);
    },
  };
}

function neighbourhood(node) {
  const columns = [node.parents, [node.id], children.get(node.id)];
  if (!columns[0].length && !columns[2].length) return null;
  const step = HEIGHT + 14, gap = 70, edge = 18;
  const height = Math.max(...columns.map((column) => column.length)) * step - 14;
  const used = columns.filter((column) => column.length).length;
  const places = [];
  let x = edge;
  for (const column of columns) {
    const top = edge + (height - (column.length * step - 14)) / 2;
    places.push(column.map((id, at) => [id, x, top + at * step]));
    if (column.length) x += WIDTH + gap;
  }
  const [, middleX, middleY] = places[1][0];
  const half = HEIGHT / 2;
  const lines = [
    ...places[0].map(([, px, py]) => line([[px + WIDTH, py + half], [middleX, middleY + half]])),
    ...places[2].map(([, cx, cy]) => line([[middleX + WIDTH, middleY + half], [cx, cy + half]])),
  ];
  const boxes = places.flat().map(([id, bx, by]) => {
    const made = box(nodes.get(id), bx, by);
    if (id === node.id) made.classList.add("here");
    return made;
  });
  return element("div", { class: "near" }, drawn("svg", {
    width: used * WIDTH + (used - 1) * gap + 2 * edge, height: height + 2 * edge,
    role: "img", "aria-label": "What it reads and what reads it",
  }, ...lines, ...boxes));
}

// --- one node ---------------------------------------------------------------------------------

function pairs(title, entries) {
  const shown = entries.filter(([, value]) => value !== null && value !== undefined && value !== "");
  if (!shown.length) return null;
  return element("section", { class: "card" }, element("h2", {}, title),
    element("dl", {}, ...shown.flatMap(([key, value]) => [element("dt", {}, key), element("dd", {}, value)])));
}

const joined = (links) => element("span", {}, ...links.flatMap((one, at) => (at ? [", ", one] : [one])));

function stateCard(node) {
  if (node.materialization === "source" || node.materialization === "ephemeral") return null;
  const state = node.state;
  if (!state) {
    return element("section", { class: "card" }, element("h2", {}, "Last run"),
      element("span", { class: "none" }, "It was not run yet in this database."));
  }
  const number = (value) => (value === null ? null : value.toLocaleString("en"));
  return pairs("Last run", [
    ["at", state.last_run], ["watermark", state.watermark], ["mode", state.mode],
    ["why", state.reason], ["rows", number(state.row_count)],
    ["inserted", number(state.rows_inserted)], ["updated", number(state.rows_updated)],
    ["deleted", number(state.rows_deleted)], ["seconds", String(state.duration_s)],
  ]);
}

function columnTable(node) {
  if (!node.columns.length) return element("p", { class: "none" }, "They are known once the model has run.");
  const parts = [
    ["column", (column) => column.name],
    ["type", (column) => element("span", { class: "type" }, column.type || "")],
    ["description", (column) => column.description || ""],
    ["tests", (column) => (column.tests || []).join(", ")],
    ["comes from", (column) => joined((column.origins || []).map(([id, name]) => link(id, `${id}.${name}`)))],
  ].filter(([, show], at) => !at || node.columns.some((column) => {
    const shown = show(column);
    return typeof shown === "string" ? shown : shown.textContent;
  }));
  return element("div", { class: "wide" }, element("table", {},
    element("tr", {}, ...parts.map(([title]) => element("th", {}, title))),
    ...node.columns.map((column) => element("tr", {}, ...parts.map(([, show]) => element("td", {}, show(column)))))));
}

const WORDS = {
  sql: new Set(("all and any array as asc between by case cast cross current date desc distinct else end except " +
    "exists extract false filter following for from full group having in inner interval intersect is join lateral " +
    "left like limit not null nulls offset on or order outer over partition pivot preceding qualify recursive right " +
    "row rows select semi anti table then timestamp true union unnest using values when where window with")
    .split(" ")),
  python: new Set(("and as assert break class continue def del elif else except finally for from global if import in " +
    "is lambda not or pass raise return try while with yield None True False").split(" ")),
};
const TOKENS = {
  sql: /(--[^\n]*|\/\*[\s\S]*?\*\/)|('(?:[^']|'')*')|("(?:[^"]|"")*")|([A-Za-z_]\w*)/g,
  python: /(#[^\n]*)|("""[\s\S]*?"""|'''[\s\S]*?'''|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|(\u0000)|([A-Za-z_]\w*)/g,
};

function coloured(text, language) {
  const made = element("pre");
  let at = 0;
  for (const found of text.matchAll(TOKENS[language])) {
    const [token, comment, string, , word] = found;
    const isKeyword = word && WORDS[language].has(language === "sql" ? word.toLowerCase() : word);
    const kind = comment ? "comment" : string ? "string" : isKeyword ? "keyword" : null;
    if (!kind) continue;
    made.append(text.slice(at, found.index), element("span", { class: kind }, token));
    at = found.index + token.length;
  }
  made.append(text.slice(at));
  return made;
}

function code(node) {
  if (!node.written) return [];
  const texts = [["As written", () => coloured(node.written.trim(), node.language)]];
  if (node.compiled) texts.push(["Compiled", () => coloured(node.compiled, "sql")]);
  if (node.problem) texts.push(["Compiled", () => element("p", { class: "bad" }, node.problem)]);
  const place = element("div");
  const buttons = texts.map(([title, show], at) => {
    const made = element("button", { type: "button" }, title);
    made.addEventListener("click", () => choose(at));
    return made;
  });
  const choose = (chosen) => {
    buttons.forEach((one, at) => one.setAttribute("aria-pressed", String(at === chosen)));
    place.replaceChildren(texts[chosen][1]());
  };
  choose(0);
  const title = node.language === "python" ? "Python" : "SQL";
  return [element("div", { class: "tabs" }, element("h2", {}, title), ...(texts.length > 1 ? buttons : [])), place];
}

function showNode(node) {
  afterSearch = () => {};
  const badge = (text, attributes = { class: "badge" }) => element("span", attributes, text);
  const links = (ids) => (ids.length ? joined(ids.map((id) => link(id))) : null);
  const parts = [
    element("h1", {}, element("span", { class: "schema" }, `${node.schema}.`), node.name),
    element("div", { class: "badges" },
      badge(node.materialization, { class: "badge kind", style: colour(node) }),
      node.strategy ? badge(node.strategy) : null,
      ...(node.tags || []).map((tag) => badge(`# ${tag}`))),
    node.description ? element("p", { class: "description" }, node.description) : null,
    neighbourhood(node),
    element("h2", {}, "Columns"), columnTable(node),
    element("h2", {}, "About it"),
    element("div", { class: "cards" },
      pairs("Model", [
        ["file", node.file], ["owners", (node.owners || []).join(", ")], ["reads", links(node.parents)],
        ["read by", links(children.get(node.id))], ["tests", (node.tests || []).join(", ")],
        ["functions", (node.functions || []).join(", ")],
        ["unit tests", (node.unit_tests || []).join(", ")],
      ]),
      pairs(`Strategy ${node.strategy || ""}`, node.settings || []),
      stateCard(node)),
    ...code(node),
  ];
  main.replaceChildren(element("article", {}, ...parts.filter(Boolean)));
  main.scrollTop = 0;
}

// --- the page ---------------------------------------------------------------------------------

function current() {
  try {
    return nodes.get(decodeURIComponent(location.hash.slice(1)));
  } catch {
    return undefined;
  }
}

function show() {
  const node = current();
  document.title = node ? `${node.id} · ${content.project}` : content.project;
  if (node) showNode(node);
  else showGraph();
  showList();
}

const root = document.documentElement;
root.classList.toggle("dark", matchMedia("(prefers-color-scheme: dark)").matches);
document.getElementById("theme").addEventListener("click", () => root.classList.toggle("dark"));
document.getElementById("title").textContent = content.project;
search.addEventListener("input", () => {
  showList();
  afterSearch();
});
search.addEventListener("keydown", (event) => {
  const [first] = wanted();
  if (event.key === "Enter" && first) location.hash = address(first.id);
});
addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== search) {
    event.preventDefault();
    search.focus();
  }
});
addEventListener("hashchange", show);
show();
