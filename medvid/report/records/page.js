"use strict";
// Everything that comes from records or models goes in as text, never as markup.
const told = JSON.parse(document.getElementById("told").textContent);
const get = (id) => document.getElementById(id);
const PER_PAGE = 25;
let page = 0, found = [];

function node(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined && text !== null) made.textContent = text;
  return made;
}

function fill(table, lines) {
  lines.forEach((cells, row) => {
    const line = node("tr", cells[1] === "all" && !cells[0].startsWith(" ") ? "all" : "");
    cells.forEach((cell) => line.append(node(row ? "td" : "th", "", cell)));
    table.append(line);
  });
}

function choices(id, values) {
  get(id).append(new Option("all", ""));
  [...new Set(values)].sort().forEach((value) => get(id).append(new Option(value, value)));
}

function side(name, text) {
  const made = node("div");
  made.append(node("b", "", name), text === null ? "none" : text === "" ? "(empty)" : text);
  return made;
}

function article(record) {
  const made = node("article"), head = node("h2");
  head.append(`#${record.at}`, node("span", `state ${record.state}`, record.state), record.task, node("span", "soft", record.source));
  head.append(node("span", "soft", record.video));
  const figures = Object.entries(record.figures).map(([name, value]) => `${name} ${value.toFixed(3)}`);
  if (record.score !== null) figures.unshift(`strict ${record.score.toFixed(3)}`);
  head.append(node("span", "soft", [...figures, ...record.notes].join(" · ")));
  const sides = node("div", "sides"), frames = node("div", "frames");
  sides.append(side("truth", record.truth), side(record.failure ? "failed" : "answer", record.failure || record.answer));
  record.frames.forEach((frame) => {
    const shown = node("figure", frame.file ? "" : "missing");
    if (frame.file) {
      const picture = node("img");
      picture.src = frame.file;
      picture.alt = `frame ${frame.name}`;
      picture.loading = "lazy";
      shown.append(picture);
    }
    shown.append(node("figcaption", "", frame.name));
    frames.append(shown);
  });
  made.append(head, node("div", "question", record.question), sides, frames);
  made.id = `record-${record.at}`;
  return made;
}

function show() {
  const pages = Math.max(1, Math.ceil(found.length / PER_PAGE));
  page = Math.min(Math.max(page, 0), pages - 1);
  get("records").replaceChildren(...found.slice(page * PER_PAGE, (page + 1) * PER_PAGE).map(article));
  get("count").textContent = `${found.length.toLocaleString("en")} of ${told.records.length.toLocaleString("en")} records`;
  get("at").textContent = `page ${page + 1} of ${pages}`;
  get("before").disabled = page === 0;
  get("after").disabled = page === pages - 1;
}

function choose() {
  const [task, source, state, order] = ["task", "source", "state", "order"].map((id) => get(id).value);
  const text = get("text").value.toLowerCase();
  found = told.records.filter((record) =>
    (!task || record.task === task) && (!source || record.source === source) && (!state || record.state === state) &&
    (!text || [record.question, record.truth, record.answer, record.video, record.failure, `#${record.at}`].some((one) => one && one.toLowerCase().includes(text))));
  const sign = order === "down" ? -1 : 1;
  if (order) found.sort((a, b) => sign * ((a.score ?? 0) - (b.score ?? 0)) || a.at - b.at);
  page = 0;
  show();
}

told.facts.forEach((fact) => get("facts").append(node("li", "", fact)));
fill(get("figures"), told.lines);
const models = [...new Set(Object.values(told.published).flatMap(Object.keys))];
fill(get("published"), [["on the 6,245 test questions", ...Object.keys(told.published)],
  ...models.map((model) => [model, ...Object.values(told.published).map((column) => column[model]?.toFixed(3) ?? "")])]);
choices("task", told.records.map((record) => record.task));
choices("source", told.records.map((record) => record.source));
choices("state", told.records.map((record) => record.state));
["task", "source", "state", "order"].forEach((id) => get(id).addEventListener("change", choose));
get("text").addEventListener("input", choose);
get("filters").addEventListener("submit", (event) => event.preventDefault());
get("before").addEventListener("click", () => { page -= 1; show(); });
get("after").addEventListener("click", () => { page += 1; show(); });
choose();
