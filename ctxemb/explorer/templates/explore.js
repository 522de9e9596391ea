"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;
  const n = data.occurrences.length;
  const occurrences = data.occurrences.map(([words, start, stop, label, group]) => ({ words, start, stop, label, group }));
  const models = data.models.map((m) => ({
    ...m,
    xy: new Int16Array(bytes(m.xy)),
    near: new Uint16Array(bytes(m.near)),
    cosine: new Int16Array(bytes(m.cosine)),
    pairs: m.pairs === null ? null : new Int8Array(bytes(m.pairs)),
  }));
  const mostLayers = Math.max(...models.map((m) => m.layers));
  const labels = [...new Set(occurrences.map((o) => o.label))].sort();
  const groups = [...new Set(occurrences.map((o) => o.group))].sort();
  const state = { layer: mostLayers - 1, shown: mostLayers - 1, hover: -1, pins: [], find: "", group: groups.length > 1 ? groups[0] : "" };
  const still = window.matchMedia("(prefers-reduced-motion: reduce)");

  const el = (tag, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  };
  const svgEl = (tag, attributes, ...children) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  };
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const colour = (i) => css(`--s${labels.indexOf(occurrences[i].label) % 8}`);
  const shape = (i) => labels.indexOf(occurrences[i].label) % 4;
  const layerOf = (m, layer) => Math.min(layer, m.layers - 1);
  const isShown = (i) => (!state.group || occurrences[i].group === state.group) &&
    (!state.find || occurrences[i].words.some((w) => w.toLowerCase().includes(state.find)));
  const inGroup = (i) => !state.group || occurrences[i].group === state.group;

  // A path of each shape around 0, 0, of size r: circle, square, triangle, diamond.
  const outline = (kind, r) => [
    `M${-r} 0a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`,
    `M${-r * 0.9} ${-r * 0.9}h${r * 1.8}v${r * 1.8}h${-r * 1.8}Z`,
    `M0 ${-r * 1.15}L${r * 1.1} ${r * 0.8}H${-r * 1.1}Z`,
    `M0 ${-r * 1.25}L${r * 1.25} 0L0 ${r * 1.25}L${-r * 1.25} 0Z`,
  ][kind];

  const point = (m, shown, i) => {
    const at = (layer) => {
      const row = 2 * (layerOf(m, layer) * n + i);
      return [m.xy[row] / data.unit, m.xy[row + 1] / data.unit];
    };
    const low = Math.floor(shown), part = shown - low;
    const [a, b] = [at(low), at(Math.min(low + 1, mostLayers - 1))];
    return [a[0] + part * (b[0] - a[0]), a[1] + part * (b[1] - a[1])];
  };
  const placed = (m, shown, size) => {
    const all = [...Array(n).keys()].map((i) => point(m, shown, i));
    let reach = 1e-6;
    all.forEach(([x, y], i) => { if (inGroup(i)) reach = Math.max(reach, Math.abs(x), Math.abs(y)); });
    const scale = (size / 2 - 14) / reach;
    return all.map(([x, y]) => [size / 2 + x * scale, size / 2 - y * scale]);
  };

  const maps = models.map((m) => {
    const canvas = el("canvas", { tabIndex: 0 });
    canvas.setAttribute("role", "img");
    const note = el("p", { className: "soft" });
    const box = el("div", { className: "map" }, el("h2", { textContent: m.name }), canvas, note);
    byId("maps").append(box);
    return { m, canvas, note, places: [] };
  });

  const draw = () => {
    const ratio = window.devicePixelRatio || 1;
    for (const map of maps) {
      const { m, canvas } = map;
      const size = canvas.clientWidth;
      if (!size) continue;
      if (canvas.width !== Math.round(size * ratio)) canvas.width = canvas.height = Math.round(size * ratio);
      const pen = canvas.getContext("2d");
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      pen.clearRect(0, 0, size, size);
      map.places = placed(m, state.shown, size);
      const layer = layerOf(m, Math.round(state.shown));
      const radius = n > 1500 ? 2.2 : n > 400 ? 3.2 : 4.6;
      const paths = [0, 1, 2, 3].map((kind) => new Path2D(outline(kind, radius)));
      const dot = (i, alpha) => {
        pen.save();
        pen.translate(...map.places[i]);
        pen.globalAlpha = alpha;
        pen.fillStyle = colour(i);
        pen.fill(paths[shape(i)]);
        pen.restore();
      };
      const ring = (i, r, width) => {
        pen.beginPath();
        pen.arc(...map.places[i], r, 0, 7);
        pen.lineWidth = width;
        pen.strokeStyle = css("--ink");
        pen.stroke();
      };
      for (let i = 0; i < n; i++) if (inGroup(i) && !isShown(i)) dot(i, 0.13);
      for (let i = 0; i < n; i++) if (isShown(i)) dot(i, 0.85);
      const focus = state.hover >= 0 ? state.hover : state.pins.at(-1) ?? -1;
      if (focus >= 0) {
        for (let j = 0; j < m.neighbors; j++) {
          const other = m.near[(layer * n + focus) * m.neighbors + j];
          if (!inGroup(other)) continue;
          pen.beginPath();
          pen.moveTo(...map.places[focus]);
          pen.lineTo(...map.places[other]);
          pen.lineWidth = 1;
          pen.strokeStyle = css("--soft");
          pen.stroke();
        }
        ring(focus, radius + 4, 2);
      }
      state.pins.forEach((i) => ring(i, radius + 4, 2.5));
      const share = m.shares === null ? "" : `; the nearest other occurrence of the word has the same label in ${(100 * m.shares[layer]).toFixed(0)} % of cases (chance ${(100 * m.chance).toFixed(0)} %)`;
      map.note.textContent = `Layer ${layer} of ${m.layers - 1}${share}`;
      canvas.setAttribute("aria-label", `${m.name}, layer ${layer}: ${n} occurrences. Arrow keys change the layer.`);
    }
    byId("layer-out").textContent = state.layer;
  };

  let running = 0;
  const move = () => {
    const gap = state.layer - state.shown;
    if (still.matches || Math.abs(gap) < 0.02) { state.shown = state.layer; running = 0; draw(); return; }
    state.shown += gap * 0.22;
    draw();
    running = requestAnimationFrame(move);
  };
  const setLayer = (layer) => {
    state.layer = Math.max(0, Math.min(mostLayers - 1, layer));
    byId("layer").value = state.layer;
    if (!running) running = requestAnimationFrame(move);
    detail();
  };

  const sentence = (i) => {
    const o = occurrences[i];
    const line = el("span");
    o.words.forEach((word, at) => {
      const inside = at >= o.start && at < o.stop;
      line.append(at ? " " : "", inside ? el("mark", { textContent: word }) : word);
    });
    return line;
  };
  const named = (i) => (occurrences[i].label ? `${occurrences[i].label}: ` : "");

  const drift = (a, b) => {
    const w = 520, h = 190, left = 40, bottom = 28;
    const x = (layer, m) => left + (w - left - 90) * (m.layers > 1 ? layer / (m.layers - 1) : 0);
    const y = (cosine) => 8 + (h - bottom - 8) * (1 - Math.max(0, cosine));
    const box = svgEl("svg", { viewBox: `0 0 ${w} ${h}`, class: "drift", role: "img" });
    const style = { fill: css("--soft"), "font-size": 12, "font-family": "sans-serif" };
    for (const mark of [0, 0.5, 1]) {
      box.append(svgEl("line", { x1: left, x2: w - 90, y1: y(mark), y2: y(mark), stroke: css("--line") }));
      box.append(svgEl("text", { x: 6, y: y(mark) + 4, ...style }, String(mark)));
    }
    box.append(svgEl("text", { x: left, y: h - 6, ...style }, "layer 0"), svgEl("text", { x: w - 130, y: h - 6, ...style }, "last"));
    models.forEach((m, at) => {
      if (m.pairs === null) return;
      const values = [...Array(m.layers).keys()].map((layer) => m.pairs[(layer * n + a) * n + b] / 127);
      const stroke = css(`--s${at}`);
      box.append(svgEl("polyline", { points: values.map((v, layer) => `${x(layer, m)},${y(v)}`).join(" "), fill: "none", stroke, "stroke-width": 2.5 }));
      box.append(svgEl("text", { x: w - 84, y: 20 + 16 * at, ...style, fill: stroke }, `${m.name.slice(0, 9)} ${values.at(-1).toFixed(2)}`));
    });
    return box;
  };

  const detail = () => {
    const box = byId("detail");
    box.replaceChildren();
    if (!state.pins.length) return;
    const [a, b] = [state.pins[0], state.pins.at(-1)];
    const whole = el("div", { className: "whole" });
    state.pins.forEach((i) => whole.append(el("p", {}, named(i), sentence(i))));
    if (state.pins.length === 2 && models.some((m) => m.pairs !== null)) {
      whole.append(el("h2", { textContent: "How similar the two are, layer by layer (cosine)" }), drift(a, b));
    }
    box.append(whole);
    for (const m of models) {
      const layer = layerOf(m, state.layer);
      const list = el("ol");
      for (let j = 0; j < m.neighbors; j++) {
        const row = (layer * n + b) * m.neighbors + j;
        list.append(el("li", {}, `${(m.cosine[row] / 10000).toFixed(2)} ${named(m.near[row])}`, sentence(m.near[row])));
      }
      box.append(el("div", {}, el("h2", { textContent: `Nearest in ${m.name}, layer ${layer}` }), list));
    }
  };

  const nearest = (map, event) => {
    const edge = map.canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - edge.left, event.clientY - edge.top];
    let best = -1, least = 400;
    map.places.forEach(([px, py], i) => {
      const distance = (px - x) ** 2 + (py - y) ** 2;
      if (isShown(i) && distance < least) { least = distance; best = i; }
    });
    return best;
  };
  const pin = (i) => {
    if (i < 0) state.pins = [];
    else if (state.pins.includes(i)) state.pins = state.pins.filter((p) => p !== i);
    else state.pins = [...state.pins, i].slice(-2);
    draw();
    detail();
  };
  for (const map of maps) {
    map.canvas.addEventListener("pointermove", (event) => {
      const found = nearest(map, event);
      const tip = byId("tip");
      tip.hidden = found < 0;
      if (found >= 0) {
        tip.replaceChildren(named(found), sentence(found));
        tip.style.left = `${Math.min(event.clientX + 14, window.innerWidth - tip.offsetWidth - 8)}px`;
        tip.style.top = `${Math.min(event.clientY + 14, window.innerHeight - tip.offsetHeight - 8)}px`;
      }
      if (found !== state.hover) { state.hover = found; draw(); }
    });
    map.canvas.addEventListener("pointerleave", () => { state.hover = -1; byId("tip").hidden = true; draw(); });
    map.canvas.addEventListener("click", (event) => pin(nearest(map, event)));
    map.canvas.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
      if (step) { event.preventDefault(); setLayer(state.layer + step); }
      if (event.key === "Escape") pin(-1);
    });
  }

  const save = (name, kind, text) => {
    const link = el("a", { href: URL.createObjectURL(new Blob([text], { type: kind })), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  const asSvg = () => {
    const size = 360;
    const box = svgEl("svg", { xmlns: "http://www.w3.org/2000/svg", width: models.length * (size + 20), height: size + 40, "font-family": "sans-serif" });
    box.append(svgEl("rect", { width: "100%", height: "100%", fill: css("--paper") }));
    models.forEach((m, at) => {
      const part = svgEl("g", { transform: `translate(${at * (size + 20) + 10} 30)` });
      part.append(svgEl("text", { y: -10, fill: css("--ink"), "font-size": 14 }, `${m.name}, layer ${layerOf(m, state.layer)}`));
      placed(m, state.layer, size).forEach(([x, y], i) => {
        if (!isShown(i)) return;
        const dot = svgEl("path", { d: outline(shape(i), 4), transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`, fill: colour(i) });
        dot.append(svgEl("title", {}, `${named(i)}${occurrences[i].words.join(" ")}`));
        part.append(dot);
      });
      box.append(part);
    });
    return new XMLSerializer().serializeToString(box);
  };
  const cell = (value) => {
    const text = /^[=+\-@\t\r]/.test(value) && Number.isNaN(Number(value)) ? `'${value}` : String(value);
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const asCsv = () => {
    const rows = [["model", "layer", "word", "label", "sentence", "position", "x", "y"]];
    for (const m of models) for (let layer = 0; layer < m.layers; layer++) for (let i = 0; i < n; i++) {
      if (!isShown(i)) continue;
      const o = occurrences[i];
      const [x, y] = point(m, layer, i);
      rows.push([m.name, layer, o.group, o.label, o.words.join(" "), o.start, x.toFixed(4), y.toFixed(4)]);
    }
    return rows.map((row) => row.map((value) => cell(String(value))).join(",")).join("\n") + "\n";
  };

  const legend = () => {
    byId("legend").replaceChildren(...labels.filter((label) => label && occurrences.some((o) => o.label === label && (!state.group || o.group === state.group))).map((label) => {
      const at = labels.indexOf(label);
      const dot = svgEl("svg", { viewBox: "-6 -6 12 12" }, svgEl("path", { d: outline(at % 4, 4.5), fill: `var(--s${at % 8})` }));
      return el("span", {}, dot, label);
    }));
  };
  byId("layer").max = mostLayers - 1;
  byId("layer").value = state.layer;
  byId("layer").addEventListener("input", (event) => setLayer(Number(event.target.value)));
  byId("search").addEventListener("input", (event) => { state.find = event.target.value.trim().toLowerCase(); draw(); });
  byId("group-label").hidden = groups.length < 2;
  byId("group").append(...groups.map((group) => el("option", { textContent: group, value: group })));
  byId("group").addEventListener("change", (event) => { state.group = event.target.value; state.pins = []; legend(); draw(); detail(); });
  byId("svg").addEventListener("click", () => save("map.svg", "image/svg+xml", asSvg()));
  byId("csv").addEventListener("click", () => save("map.csv", "text/csv", asCsv()));
  window.addEventListener("resize", draw);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { draw(); detail(); });
  legend();
  draw();
})();
