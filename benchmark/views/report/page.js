"use strict";
// Sorting, filtering, the theme, the cost plots and the picture viewer. Without this script everything is still shown.
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const byId = (id) => document.getElementById(id);

// ---- theme
const theme = byId("theme");
const root = document.documentElement;
const isDark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
const nameTheme = () => { theme.textContent = isDark() ? "Light" : "Dark"; theme.setAttribute("aria-label", theme.textContent + " colours"); };
try { const kept = localStorage.getItem("slkd-bench-theme"); if (kept) root.dataset.theme = kept; } catch { /* a file may have no storage */ }
theme.hidden = false;
nameTheme();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", nameTheme);
theme.addEventListener("click", () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  try { localStorage.setItem("slkd-bench-theme", root.dataset.theme); } catch { /* as above */ }
  nameTheme();
});

// ---- sorting: within each body of a table, missing values last, a third press gives the first order back
const key = (row, column) => {
  const cell = row.cells[column];
  const text = "sort" in cell.dataset ? cell.dataset.sort : cell.textContent.trim();
  return text === "" || text === "–" ? null : text !== "" && !Number.isNaN(Number(text)) ? Number(text) : text;
};
const compare = (a, b) => typeof a === "number" && typeof b === "number" ? a - b
  : String(a).localeCompare(String(b), "en", { numeric: true });
const sortTable = (table, column, direction) => {
  for (const body of table.tBodies) {
    const rows = [...body.rows];
    rows.sort((one, two) => {
      if (!direction) return one.place - two.place;
      const a = key(one, column), b = key(two, column);
      if (a === null || b === null) return (a === null) - (b === null) || one.place - two.place;
      return direction * compare(a, b) || one.place - two.place;
    });
    body.append(...rows);
  }
  const head = table.tHead.rows[table.tHead.rows.length - 1];
  for (const th of head.cells) if (th.hasAttribute("aria-sort"))
    th.setAttribute("aria-sort", direction && th.cellIndex === column ? (direction > 0 ? "ascending" : "descending") : "none");
  refresh(table);
};
for (const table of all("table[data-sortable]")) {
  for (const body of table.tBodies) [...body.rows].forEach((row, place) => { row.place = place; });
  for (const th of all("th[aria-sort]", table.tHead)) {
    const button = document.createElement("button");
    button.type = "button";
    const small = th.querySelector("small");
    button.append(...[...th.childNodes].filter((node) => node !== small));
    th.prepend(button);
    const first = th.dataset.first === "down" ? -1 : 1;
    button.addEventListener("click", () => {
      const now = { ascending: 1, descending: -1, none: 0 }[th.getAttribute("aria-sort")];
      sortTable(table, th.cellIndex, now === 0 ? first : now === first ? -first : 0);
    });
  }
}

// ---- filtering, and long tables shown in part
const filters = {};  // table id -> {text, table, status}
const expanded = new Set();
function refresh(table) {
  if (!table.dataset.page) return;
  const wanted = filters[table.id] ?? {};
  const words = (wanted.text ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const rows = [...table.tBodies[0].rows];
  const fits = rows.filter((row) => {
    row.text ??= row.textContent.toLowerCase();
    return words.every((word) => row.text.includes(word)) && (!wanted.table || row.dataset.table === wanted.table)
      && (!wanted.status || row.dataset.status === wanted.status);
  });
  const shown = new Set(expanded.has(table.id) ? fits : fits.slice(0, Number(table.dataset.page)));
  for (const row of rows) row.classList.toggle("out", !shown.has(row));
  const noun = table.id === "cells" ? "result files" : "claims";
  document.querySelector(`[data-count="${table.id}"]`).textContent = fits.length === 0 ? `none of ${rows.length} ${noun} fits`
    : (shown.size < fits.length ? `${shown.size} of ` : "") + (fits.length < rows.length ? `${fits.length} that fit, of ` : "") + `${rows.length} ${noun}`;
  const more = document.querySelector(`[data-more="${table.id}"]`);
  more.hidden = shown.size === fits.length;
  more.textContent = `Show all ${fits.length}`;
}
for (const table of all("table[data-page]")) {
  const box = document.querySelector(`[data-filters="${table.id}"]`);
  filters[table.id] = {};
  box.hidden = false;
  for (const field of all("[data-filter]", box)) field.addEventListener("input", () => {
    filters[table.id][field.dataset.filter] = field.value;
    pressCounts();
    refresh(table);
    toAddress();
  });
  box.querySelector("[data-sort-by]")?.addEventListener("input", (event) =>
    event.target.value ? sortTable(table, Number(event.target.value), 1) : sortTable(table, 0, 0));
  document.querySelector(`[data-more="${table.id}"]`).addEventListener("click", () => { expanded.add(table.id); refresh(table); });
  refresh(table);
}
// What is filtered stands in the address, #filter&claims.status=close say: such a link can be sent.
function toAddress() {
  const said = new URLSearchParams();
  for (const [id, wanted] of Object.entries(filters))
    for (const [name, value] of Object.entries(wanted)) if (value) said.set(`${id}.${name}`, value);
  if (said.size || location.hash.startsWith("#filter"))
    history.replaceState(null, "", said.size ? `#filter&${said}` : location.pathname + location.search);
}
function fromAddress() {
  if (!location.hash.startsWith("#filter&")) return;
  const said = new URLSearchParams(location.hash.slice("#filter&".length));
  let first;
  for (const box of all("[data-filters]")) for (const field of all("[data-filter]", box)) {
    const value = said.get(`${box.dataset.filters}.${field.dataset.filter}`) ?? "";
    if (value) first ??= box;
    field.value = value;
    filters[box.dataset.filters][field.dataset.filter] = field.value;
  }
  pressCounts();
  for (const table of all("table[data-page]")) refresh(table);
  first?.scrollIntoView();
}
function pressCounts() {
  for (const button of all(".counts button"))
    button.setAttribute("aria-pressed", String(filters.claims?.status === button.dataset.status));
}
for (const button of all(".counts button")) {
  button.disabled = false;
  button.addEventListener("click", () => {
    const field = document.querySelector('[data-filters="claims"] [data-filter="status"]');
    field.value = field.value === button.dataset.status ? "" : button.dataset.status;
    field.dispatchEvent(new Event("input"));
  });
}
const reveal = () => {  // a link to a line that is not shown yet
  const row = location.hash.startsWith("#cell-") && byId(location.hash.slice(1));
  if (row && row.classList.contains("out")) { expanded.add("cells"); filters.cells = {}; refresh(byId("cells")); row.scrollIntoView({ block: "center" }); }
};
addEventListener("hashchange", () => { reveal(); fromAddress(); });
reveal();
fromAddress();

// ---- tables that are wider than the screen say so
const widths = new ResizeObserver((seen) => {
  for (const { target } of seen) target.classList.toggle("wider", target.scrollWidth > target.clientWidth + 1);
});
for (const box of all(".scroll")) widths.observe(box);

// ---- copying
for (const button of all("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const code = button.parentElement.querySelector("code");
    let done = true;
    try { await navigator.clipboard.writeText(code.textContent); } catch {
      getSelection().selectAllChildren(code);
      done = document.execCommand("copy");
    }
    button.textContent = done ? "copied" : "selected";
    setTimeout(() => { button.textContent = "copy"; }, 1500);
  });
}

// ---- quality against cost
const costs = byId("costs");
if (costs) {
  costs.hidden = false;
  const choose = () => { for (const figure of all(".panels")) figure.classList.toggle("out", figure.id !== "cost-" + costs.querySelector(":checked").value); };
  costs.addEventListener("input", choose);
  choose();
}
for (const plot of all("svg.pareto")) {
  const points = all(".point", plot).sort((a, b) => a.dataset.place - b.dataset.place), width = plot.viewBox.baseVal.width;
  const tip = plot.appendChild(document.createElementNS(plot.namespaceURI, "text"));
  tip.setAttribute("class", "tip");
  tip.setAttribute("aria-hidden", "true");
  const show = (point) => {
    const x = Number(point.dataset.x), y = Number(point.dataset.y);
    tip.textContent = point.getAttribute("aria-label");
    tip.setAttribute("y", y < 30 ? y + 20 : y - 11);
    const half = tip.getComputedTextLength() / 2;
    tip.setAttribute("x", Math.max(2, Math.min(x - half, width - 2 * half - 2)));
  };
  const hide = () => { const kept = points.find((p) => p === document.activeElement); if (kept) show(kept); else tip.textContent = ""; };
  points.forEach((point, place) => {
    point.querySelector("title").remove();  // the label takes its place
    point.addEventListener("pointerenter", () => show(point));
    point.addEventListener("pointerleave", hide);
    point.addEventListener("focus", () => show(point));
    point.addEventListener("blur", hide);
    point.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const next = points[(place + step + points.length) % points.length];
      point.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    });
  });
}

// ---- pictures
const album = byId("album") && JSON.parse(byId("album").textContent);
if (album) {
  const [set, image, left, right] = ["set", "image", "left", "right"].map((name) => byId("view-" + name));
  const slider = byId("slider"), stage = byId("stage");
  byId("viewer").hidden = false;
  byId("pictures").classList.add("live");
  const fill = (select, options, chosen) => {
    select.replaceChildren(...options.map(([value, text]) => new Option(text, value)));
    if (options.some(([value]) => value === chosen)) select.value = chosen;
  };
  const example = () => album[Number(set.value)].examples[Number(image.value)];
  const scores = (shot) => shot.title + (shot.ssim === null ? "" : `, ${shot.psnr === null ? "∞" : shot.psnr.toFixed(2)} dB / ${shot.ssim.toFixed(3)}`);
  const show = () => {
    const now = example();
    for (const [side, select] of [["left", left], ["right", right]]) {
      const shot = now.shots.find((one) => one.id === select.value), picture = byId("image-" + side);
      picture.src = shot.source;
      picture.alt = `${now.name}, ${shot.title}`;
      picture.width = now.width;
      picture.height = now.height;
      byId("caption-" + side).textContent = scores(shot);
    }
    const clean = now.shots[now.shots.length - 1], picture = byId("image-clean");
    Object.assign(picture, { src: clean.source, alt: `${now.name}, clean`, width: now.width, height: now.height });
    byId("view-why").textContent = `${now.name}: ${now.why}. PSNR and SSIM of the whole image under the data set’s protocol.`;
    move();
  };
  const move = () => {
    stage.style.setProperty("--at", slider.value + "%");
    slider.setAttribute("aria-valuetext", `${slider.value} % ${left.selectedOptions[0]?.text}, the rest ${right.selectedOptions[0]?.text}`);
  };
  const chooseImage = () => {
    const shots = example().shots, options = shots.map((shot) => [shot.id, shot.title]);
    const usual = shots.find((shot) => shot.id.endsWith("-slkd")) ?? shots[shots.length - 2];
    fill(left, options, left.value || "degraded");
    fill(right, options, shots.some((shot) => shot.id === right.value) ? right.value : usual.id);
    show();
  };
  const chooseSet = () => {
    fill(image, album[Number(set.value)].examples.map((one, place) => [String(place), `${one.name} (${one.why})`]), "0");
    chooseImage();
  };
  fill(set, album.map((one, place) => [String(place), one.title]), "0");
  set.addEventListener("input", chooseSet);
  image.addEventListener("input", chooseImage);
  for (const select of [left, right]) select.addEventListener("input", show);
  slider.addEventListener("input", move);
  chooseSet();
}
