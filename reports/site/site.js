// What a page can do beyond reading: find a persona on the index, and compare any two periods. Every text that is shown is
// one that the page holds; nothing is computed, nothing is loaded.
"use strict";

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function find(form) {
  const items = Array.from(document.querySelectorAll("[data-search]"));
  const found = form.querySelector(".found");
  const narrow = () => {
    const words = form.elements.find.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = ["market", "role", "standing"].map((name) => [name, form.elements[name].value]);
    const isNarrow = words.length > 0 || wanted.some(([, value]) => value);
    let shown = 0;
    for (const item of items) {
      const fits = words.every((word) => item.dataset.search.includes(word))
        && wanted.every(([name, value]) => !value || item.dataset[name] === value);
      item.hidden = !fits;
      shown += fits ? 1 : 0;
    }
    for (const part of document.querySelectorAll(".tiles, .part, .group")) {
      const inside = Array.from(part.querySelectorAll("[data-search]"));
      part.hidden = isNarrow && inside.every((item) => item.hidden);
      if (part.tagName === "DETAILS") part.open = isNarrow && !part.hidden;
    }
    found.textContent = `${shown} of ${items.length} personas`;
  };
  form.hidden = false;
  form.addEventListener("input", narrow);
  form.addEventListener("submit", (event) => event.preventDefault());
  narrow();
}

const OTHER_GROUND = "by another method, or of other days: not compared";

// The same rule as the comparison of neighbours, which the program makes.
function difference(before, now, path) {
  const changed = [];
  for (const { key, name, text, ground } of now.figures) {
    const old = before.figures.find((other) => other.key === key) || { text: "not available", ground: "" };
    const isOther = text !== "not available" && old.text !== "not available" && ground !== old.ground;
    if (text !== old.text || isOther) changed.push([name, old.text, text, isOther ? OTHER_GROUND : verdicts(path, now.key, key)]);
  }
  return changed;
}

// What the gates of the reports said of a figure, step by step: only neighbours were judged. Texts and whether each is bold.
function verdicts(path, subject, figure) {
  const steps = path.slice(1).map((quarter, at) => {
    const now = quarter.subjects.find((other) => other.key === subject);
    const judged = now?.figures.find((other) => other.key === figure)?.judged;
    return { title: quarter.title, judged: judged?.against === path[at].period ? judged : null };
  });
  const told = steps.filter((step) => step.judged);
  if (!told.length) return "";
  if (steps.length === 1) return [[told[0].judged.word, true], [`: ${told[0].judged.detail}`, false]];
  const first = told.some((step) => step.judged.is_change) ? "Step by step" : "No step passed the gate";
  const lines = steps.flatMap(({ title, judged }, at) => (judged
    ? [[`${at ? ";" : ":"} ${title} `, false], [judged.word, true], [`, ${judged.detail}`, false]]
    : [[`${at ? ";" : ":"} ${title} not judged`, false]]));
  return [[first, true], ...lines];
}

function group(table, className, subject, sign, note, lines) {
  const root = document.body.dataset.root;
  const body = element("tbody", className);
  const head = element("th");
  head.scope = "rowgroup";
  head.colSpan = 3;
  if (sign) head.append(element("span", "sign", sign));
  if (subject.href) {
    const link = element("a", "", subject.label);
    link.href = root + subject.href;
    head.append(link);
  } else head.append(subject.label);
  if (note) head.append(" ", element("span", "about", note));
  const row = element("tr", "who");
  row.append(head);
  body.append(row);
  for (const [name, old, text, hint] of lines) {
    const line = element("tr", hint ? "told" : "");
    const title = element("th", "", name);
    title.scope = "row";
    line.append(title, element("td", "", old), element("td", "", text));
    body.append(line);
    if (!hint) continue;
    const said = element("td");
    said.colSpan = 3;
    for (const [part, isStrong] of typeof hint === "string" ? [[hint, false]] : hint) said.append(isStrong ? element("strong", "", part) : part);
    const below = element("tr", "said");
    below.append(said);
    body.append(below);
  }
  table.append(body);
}

function comparison(quarters, from, to) {
  const [old, now] = [quarters[from], quarters[to]];
  const table = element("table", "compare");
  const head = table.createTHead().insertRow();
  for (const text of ["Figure", old.title, now.title]) {
    const cell = element("th", "", text);
    cell.scope = "col";
    head.append(cell);
  }
  const named = (quarter, key) => quarter.subjects.find((subject) => subject.key === key);
  for (const subject of now.subjects) {
    const before = named(old, subject.key);
    if (!before) {
      group(table, "added", subject, "+ new: ", subject.note, []);
      continue;
    }
    const lines = difference(before, subject, quarters.slice(from, to + 1));
    const note = lines.length ? "" : `reads the same in all ${subject.figures.length} figures`;
    group(table, "kept", subject, "", note, lines);
  }
  for (const subject of old.subjects.filter((before) => !named(now, before.key))) {
    const endings = quarters.slice(from + 1, to + 1).flatMap((quarter) => quarter.ended);
    const ending = endings.find(([key]) => key === subject.key);
    group(table, "removed", subject, "− gone: ", ending ? ending[1] : `not in the report of ${now.title}`, []);
  }
  return table;
}

function choose(form) {
  const quarters = JSON.parse(document.getElementById("quarters").textContent);
  const place = (period) => quarters.findIndex((quarter) => quarter.period === period);
  const section = document.querySelector(".chosen");
  const title = document.getElementById("chosen-title");
  const { from, to } = form.elements;
  const show = () => {
    const places = [place(from.value), place(to.value)].sort((a, b) => a - b);
    const [old, now] = places.map((at) => quarters[at]);
    const isSame = old === now;
    title.textContent = isSame ? `${now.title}: choose another ${form.dataset.noun} to compare it with` : `${old.title} to ${now.title}`;
    title.nextElementSibling?.remove();
    if (!isSame) section.append(comparison(quarters, ...places));
  };
  const asked = () => {
    const [first, second] = location.hash.slice(1).split("..");
    const isKnown = place(first) >= 0 && place(second) >= 0;
    from.value = isKnown ? first : quarters[quarters.length - 2].period;
    to.value = isKnown ? second : quarters[quarters.length - 1].period;
    show();
  };
  form.hidden = section.hidden = false;
  document.querySelector(".neighbours").hidden = true;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", () => {
    history.replaceState(null, "", `#${from.value}..${to.value}`);
    show();
  });
  window.addEventListener("hashchange", asked);
  asked();
}

const finder = document.querySelector("form[role=search]");
if (finder) find(finder);
const chooser = document.querySelector("form.choose");
if (chooser) choose(chooser);
