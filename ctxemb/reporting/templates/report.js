"use strict";
/* Filters on long tables, and downloads: tables as CSV, figures as SVG. The page says the same without it. */
(() => {
  const LONG = 12, FEW = 150;
  const FILTERED = new Set(["model", "less", "layer", "task", "split", "probe", "metric", "pool", "word", "gold", "part", "measure", "sense", "published model"]);

  const make = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };
  const save = (text, type, name) => {
    const address = URL.createObjectURL(new Blob([text], { type: type + ";charset=utf-8" }));
    const link = make("a", { href: address, download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  };
  const slug = text => text.split(/[,;]/)[0].replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").slice(0, 60);

  /* What a cell says, and apart from it what it adds in small print. */
  const said = cell => {
    const parts = [...cell.childNodes].filter(node => !/^(SMALL|I)$/.test(node.nodeName));
    return parts.map(node => node.textContent).join("").replace(/\s+/g, " ").trim();
  };
  const note = cell => ["small", "i"].map(tag => cell.querySelector(tag)?.textContent.trim()).filter(Boolean).join(" ");

  /* A spreadsheet would run a text that begins so as a formula. */
  const harmless = text => /^ *[=+@\t\r-]./.test(text) && !/^ *[+-]?[\d.,]+(e[+-]?\d+)?%?$/i.test(text) ? `'${text}` : text;
  const quoted = text => /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  const csv = table => {
    const rows = [...table.tBodies[0].rows];
    const columns = [...table.tHead.rows[0].cells].map(said);
    const noted = columns.map((_, i) => rows.some(row => note(row.cells[i])));
    const line = pairs => pairs.flatMap(([text, more], i) => noted[i] ? [text, more] : [text]).map(harmless).map(quoted).join(",");
    const shown = rows.filter(row => !row.hidden);
    return [line(columns.map(name => [name, `${name} (note)`])), ...shown.map(row => line([...row.cells].map(cell => [said(cell), note(cell)])))].join("\n") + "\n";
  };

  const filters = (table, tools, update) => {
    const rows = [...table.tBodies[0].rows];
    const texts = rows.map(row => row.textContent.toLowerCase());
    const chosen = new Map();
    const count = make("span", { role: "status" });
    let words = [];
    const apply = () => {
      let shown = 0;
      rows.forEach((row, number) => {
        const fits = words.every(word => texts[number].includes(word)) && [...chosen].every(([i, text]) => said(row.cells[i]) === text);
        row.hidden = !fits;
        shown += fits;
      });
      count.textContent = shown === rows.length ? "" : `${shown.toLocaleString("en")} of ${rows.length.toLocaleString("en")} rows`;
      update(shown, rows.length);
    };
    [...table.tHead.rows[0].cells].forEach((head, i) => {
      if (!FILTERED.has(said(head))) return;
      const known = [...new Set(rows.map(row => said(row.cells[i])))];
      if (known.length < 2 || known.length > FEW) return;
      const select = make("select", {}, make("option", { value: "-1", textContent: "all" }), ...known.map((text, k) => make("option", { value: String(k), textContent: text || "(none)" })));
      select.addEventListener("change", () => {
        if (select.value === "-1") chosen.delete(i); else chosen.set(i, known[select.value]);
        apply();
      });
      tools.append(make("label", {}, said(head), select));
    });
    const text = make("input", { type: "search", placeholder: "text", ariaLabel: "rows with this text" });
    text.addEventListener("input", () => { words = text.value.toLowerCase().split(/\s+/).filter(Boolean); apply(); });
    tools.append(text, count);
  };

  for (const box of document.querySelectorAll(".box")) {
    const table = box.querySelector("table");
    const button = make("button", { type: "button", textContent: "CSV", title: "Download this table" });
    button.addEventListener("click", () => save(csv(table), "text/csv", slug(table.caption.textContent) + ".csv"));
    const below = make("p", { className: "tools" }, button);
    box.after(below);
    if (table.tBodies[0].rows.length <= LONG) continue;
    const above = make("p", { className: "tools" });
    filters(table, above, (shown, all) => { button.textContent = shown === all ? "CSV" : `CSV of these ${shown.toLocaleString("en")} rows`; });
    box.before(above);
  }

  /* A figure alone: the page's colours become those of paper, and panels stand side by side. */
  const LIGHT = {{ light }};
  const alone = figure => {
    const namespace = "http://www.w3.org/2000/svg";
    const whole = document.createElementNS(namespace, "svg");
    let width = 0, height = 0;
    for (const picture of figure.querySelectorAll(".pictures svg[role=img]")) {
      const panel = picture.cloneNode(true);
      const [, , w, h] = panel.getAttribute("viewBox").split(/\s+/).map(Number);
      for (const [name, value] of Object.entries({ x: width, y: 0, width: w, height: h })) panel.setAttribute(name, value);
      whole.append(panel);
      width += w;
      height = Math.max(height, h);
    }
    for (const [name, value] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}` })) whole.setAttribute(name, value);
    whole.setAttribute("font-family", "system-ui, sans-serif");
    const paper = document.createElementNS(namespace, "rect");
    for (const [name, value] of Object.entries({ width, height, fill: "#ffffff" })) paper.setAttribute(name, value);
    whole.prepend(paper);
    const text = new XMLSerializer().serializeToString(whole);
    return text.replace(/var\((--[a-z0-9]+)\)/g, (_, name) => LIGHT[name]).replaceAll("currentColor", LIGHT["--ink"]);
  };
  for (const figure of document.querySelectorAll("figure")) {
    const button = make("button", { type: "button", textContent: "SVG", title: "Download this figure" });
    const title = figure.querySelector("svg title").textContent;
    button.addEventListener("click", () => save(alone(figure), "image/svg+xml", slug(title) + ".svg"));
    figure.querySelector("figcaption").after(make("p", { className: "tools" }, button));
  }
})();
