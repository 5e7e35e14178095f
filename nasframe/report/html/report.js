"use strict";
// The slider goes through the snapshots: it changes the drawings and tables that the page holds already, which show
// the last one. Without this script the page is whole, and the slider is hidden.
(() => {
  const WIDEST = 13, OFFSETS = [0, 6, -6], COLOURS = 8, PAUSE = 140;
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // In print everything is unfolded and the last snapshot is shown; afterwards all is as it was.
  let unprint = null;
  const print = (show) => {
    if (unprint) return;
    const folded = all("details.unfold:not([open])");
    folded.forEach((element) => { element.open = true; });
    const restore = show ? show() : () => {};
    unprint = () => { folded.forEach((element) => { element.open = false; }); restore(); unprint = null; };
  };
  const onPrint = (show) => {
    addEventListener("beforeprint", () => print(show));
    addEventListener("afterprint", () => unprint && unprint());
    matchMedia("print").addEventListener("change", (event) => (event.matches ? print(show) : unprint && unprint()));
  };

  const source = document.getElementById("frames");
  if (!source) { onPrint(null); return; }
  const data = JSON.parse(source.textContent);
  const last = data.steps.length - 1;
  const slider = document.getElementById("step"), button = document.getElementById("play");
  const number = (value) => value.toLocaleString("en-US");

  const moves = all("[data-move]"), routes = all("[data-route]"), nodes = all(".trellis .state, .trellis .end");
  const cells = all("[data-weight]"), visits = all("[data-visits]"), cursors = all(".cursor");
  const percent = (share) => (share === null ? "" : share < 0.005 ? "·" : (100 * share).toFixed(0));

  function showTrellis(i) {
    if (!data.moves) return;
    for (const line of moves) {
      const weight = data.moves[i][line.dataset.move];
      line.setAttribute("stroke-width", Math.max(0.6, WIDEST * Math.min(weight ?? 0, 1)).toFixed(1));
      line.firstChild.textContent = "weight " + (weight ?? 0).toFixed(3);
    }
    for (const cell of cells) cell.textContent = (data.moves[i][cell.dataset.weight] ?? NaN).toFixed(3);
    for (const cell of visits) cell.textContent = percent(data.marginals[i][cell.dataset.visits] ?? null);
    nodes.forEach((node, k) => {
      if (!node.classList.contains("state")) return;
      const share = data.marginals[i][k] ?? null;
      node.querySelector(".shade").setAttribute("fill-opacity", (share ?? 0).toFixed(2));
      node.querySelector("text").textContent = percent(share);
    });
    for (const route of routes) {
      const rank = Number(route.dataset.route), way = data.routes[i][rank] ?? [];
      const point = (k) => `${nodes[k].dataset.x},${Number(nodes[k].dataset.y) + OFFSETS[rank]}`;
      route.setAttribute("points", way.map(point).join(" "));
    }
  }

  function showWords(i) {
    const said = document.getElementById("said");
    if (!said) return;
    said.textContent = data.said[i];
    all("#paths tbody tr").forEach((row, k) => {
      const texts = data.rows[i][k] ?? ["", "", "", ""];
      all("td", row).forEach((cell, j) => { cell.textContent = texts[j]; });
    });
  }

  function showPill(pill, row, names) {
    const best = row.reduce((top, weight, k) => ((weight ?? -1) > (row[top] ?? -1) ? k : top), 0);
    const share = row[best] ?? 0;
    pill.querySelector(".bar").setAttribute("width", (pill.dataset.width * Math.min(share, 1)).toFixed(1));
    pill.querySelector(".operation").textContent = names[best];
    pill.querySelector(".share").textContent = share.toFixed(2);
    for (let k = 0; k < COLOURS; k += 1) pill.classList.toggle("c" + k, k === best % COLOURS);
  }

  function showCells(i) {
    for (const [name, { names, weights }] of Object.entries(data.cells)) {
      for (const drawing of all("[data-cell]")) {
        if (drawing.dataset.cell !== name) continue;
        for (const pill of all("[data-row]", drawing)) showPill(pill, weights[i][pill.dataset.row], names);
      }
      for (const table of all("[data-weights]")) {
        if (table.dataset.weights !== name) continue;
        for (const cell of all("[data-place]", table)) {
          const [row, column] = cell.dataset.place.split(",");
          const weight = weights[i][row][column] ?? 0;
          cell.firstChild.textContent = weight.toFixed(3);
          cell.style.setProperty("--v", weight.toFixed(2));
        }
      }
    }
  }

  function showCursors(i) {
    for (const cursor of cursors) {
      const { from, to, left, right } = cursor.dataset;
      const share = Math.min(1, Math.max(0, (data.steps[i] - from) / (to - from)));
      const x = Number(left) + share * (right - left);
      cursor.setAttribute("x1", x);
      cursor.setAttribute("x2", x);
    }
  }

  function show(i) {
    showTrellis(i);
    showWords(i);
    showCells(i);
    showCursors(i);
    document.getElementById("now").textContent = number(data.steps[i]);
    const best = data.rows && data.rows[i][0];
    const words = best ? `; best path's probability ${best[2]}, gap ${best[3]}` : "";
    slider.setAttribute("aria-valuetext", `step ${number(data.steps[i])} of ${number(data.steps[last])}${words}`);
  }

  let timer = null;
  const stop = () => { clearInterval(timer); timer = null; button.textContent = "Play"; };
  const advance = () => {
    slider.value = Number(slider.value) + 1;
    show(Number(slider.value));
    if (Number(slider.value) >= last) stop();
  };
  slider.addEventListener("input", () => { stop(); show(Number(slider.value)); });
  button.addEventListener("click", () => {
    if (timer !== null) { stop(); return; }
    if (Number(slider.value) >= last) { slider.value = 0; show(0); }
    button.textContent = "Pause";
    timer = setInterval(advance, PAUSE);
  });

  document.getElementById("player").hidden = last < 1;
  slider.value = last; // browsers keep a form's values over a reload, but the drawings are the last snapshot's
  onPrint(() => {
    stop();
    const before = Number(slider.value);
    show(last);
    return () => show(before);
  });
})();
