"use strict";
/* The map: zones shaded by a figure, buildings on zoom. Plain canvas, no library, no network. */
(() => {
  const BUILDING_PX = 3; // a 10 m house must be this wide before buildings are drawn
  const ZOOM_STEP = 1.5;
  const MOST_ZOOM = 400;
  const canvas = document.getElementById("map");
  const data = JSON.parse(document.getElementById("map-data").textContent);
  const context = canvas.getContext("2d");
  const tip = document.getElementById("tip");
  const words = data.words;
  const menu = document.getElementById("metric");
  const showBuildings = document.getElementById("show-buildings");

  /* ---- decoding; the format is described in mapdata.py ---- */
  function reader(text) {
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    let at = 0;
    const next = () => {
      let value = 0, factor = 1, byte;
      do {
        byte = bytes[at++];
        value += (byte & 127) * factor;
        factor *= 128;
      } while (byte & 128);
      return value % 2 ? -(value + 1) / 2 : value / 2;
    };
    return { next, more: () => at < bytes.length };
  }

  function numbers(text) {
    const source = reader(text), all = [];
    while (source.more()) all.push(source.next());
    return all;
  }

  function shapes(text) {
    const source = reader(text), all = [];
    let x = 0, y = 0;
    while (source.more()) {
      const rings = [], box = [Infinity, Infinity, -Infinity, -Infinity];
      for (let count = source.next(); count > 0; count--) {
        const ring = [];
        for (let points = source.next(); points > 0; points--) {
          x += source.next();
          y += source.next();
          ring.push(x, y);
          box[0] = Math.min(box[0], x); box[1] = Math.min(box[1], y);
          box[2] = Math.max(box[2], x); box[3] = Math.max(box[3], y);
        }
        rings.push(ring);
      }
      all.push({ rings, box });
    }
    return all;
  }

  function trace(path, rings) {
    for (const ring of rings) {
      path.moveTo(ring[0], ring[1]);
      for (let i = 2; i < ring.length; i += 2) path.lineTo(ring[i], ring[i + 1]);
      path.closePath();
    }
  }

  const zones = shapes(data.zones.shapes);
  for (const zone of zones) trace((zone.path = new Path2D()), zone.rings);
  const observed = shapes(data.zones.observed);
  for (const part of observed) trace((part.path = new Path2D()), part.rings);
  const buildings = data.buildings ? shapes(data.buildings.shapes) : [];
  const areas = data.buildings ? numbers(data.buildings.areas) : [];
  const layers = data.classes.map(() => new Path2D());
  if (data.buildings) {
    numbers(data.buildings.classes).forEach((c, i) => trace(layers[c], buildings[i].rings));
  }
  const cells = data.density ? numbers(data.density.cells) : [];

  const photo = data.photo ? new Image() : null;
  if (photo) {
    photo.onload = () => draw();
    photo.src = data.photo;
  }

  /* ---- classes of the shading, by quantiles ---- */
  function limits(values) {
    const known = values.filter((v) => v !== null).sort((a, b) => a - b);
    if (!known.length) return [];
    const steps = data.ramp.map((_, i) => known[Math.floor((i * known.length) / data.ramp.length)]);
    return [...new Set(steps)];
  }

  function shade(value, steps) {
    if (value === null || !steps.length) return "#d9d9d9";
    let index = 0;
    while (index + 1 < steps.length && value >= steps[index + 1]) index++;
    const last = data.ramp.length - 1;
    return data.ramp[steps.length === 1 ? 1 : Math.round((index * last) / (steps.length - 1))];
  }

  /* ---- view ---- */
  const view = { x: 0, y: 0, scale: 1, home: 1 };
  let chosen = -1;

  function resize() {
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(canvas.clientWidth * ratio);
    canvas.height = Math.round(canvas.clientHeight * ratio);
  }

  function home() {
    resize();
    const [left, top, right, bottom] = data.home;
    const wide = Math.max(right - left, 1), high = Math.max(bottom - top, 1);
    view.home = view.scale = 0.94 * Math.min(canvas.width / wide, canvas.height / high);
    view.x = (left + right) / 2;
    view.y = (top + bottom) / 2;
    draw();
  }

  function zoom(factor, px, py) {
    const before = toMap(px, py);
    const scale = view.scale * factor;
    view.scale = Math.min(Math.max(scale, view.home / 8), view.home * MOST_ZOOM);
    const after = toMap(px, py);
    view.x += before[0] - after[0];
    view.y += before[1] - after[1];
    draw();
  }

  function toMap(px, py) {
    return [(px - canvas.width / 2) / view.scale + view.x,
      (py - canvas.height / 2) / view.scale + view.y];
  }

  function buildingsVisible() {
    const close = (view.scale * 10) / data.quantum >= BUILDING_PX;
    return showBuildings.checked && (close || zones.length === 1);
  }

  /* ---- drawing ---- */
  let pending = false;
  function draw() {
    if (pending) return;
    pending = true;
    requestAnimationFrame(() => { pending = false; paint(); });
  }

  function paint() {
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = "#fafafa";
    context.fillRect(0, 0, canvas.width, canvas.height);
    const s = view.scale;
    context.setTransform(s, 0, 0, s, canvas.width / 2 - view.x * s, canvas.height / 2 - view.y * s);
    const metric = data.metrics[menu.value], steps = limits(metric.values);
    const line = (window.devicePixelRatio || 1) / s;
    if (photo && photo.complete) context.drawImage(photo, ...data.home);
    context.globalAlpha = photo || buildingsVisible() ? 0.4 : 1; // so that the rest stands out
    observed.forEach((part, i) => {
      if (photo && zones.length === 1) return;
      context.fillStyle = zones.length === 1 ? "#f1f4f7" : shade(metric.values[i], steps);
      context.fill(part.path, "evenodd");
    });
    context.globalAlpha = 1;
    if (showBuildings.checked && cells.length) paintDensity();
    if (buildingsVisible()) paintBuildings(line);
    for (const [colour, width] of [["rgba(255,255,255,.8)", 3], ["#46505a", 1]]) {
      context.strokeStyle = colour;
      context.lineWidth = width * line;
      for (const zone of zones) context.stroke(zone.path);
    }
    if (chosen >= 0) {
      context.strokeStyle = "#111";
      context.lineWidth = 3 * line;
      context.stroke(zones[chosen].path);
    }
    scaleBar();
    document.getElementById("hint").hidden =
      buildingsVisible() || !buildings.length || !showBuildings.checked;
    canvas.dataset.drawn = buildingsVisible() ? "buildings" : "zones";
  }

  function paintBuildings(line) {
    context.globalAlpha = photo ? 0.6 : 1;
    layers.forEach((path, i) => {
      context.fillStyle = data.classes[i].colour;
      context.fill(path, "evenodd");
      if (view.scale / data.quantum > 0.1) {
        context.strokeStyle = "rgba(60,20,20,.55)";
        context.lineWidth = 0.7 * line;
        context.stroke(path);
      }
    });
    context.globalAlpha = 1;
  }

  function paintDensity() {
    const cell = data.density.cell;
    let most = 1;
    for (let i = 2; i < cells.length; i += 3) most = Math.max(most, cells[i]);
    for (let i = 0; i < cells.length; i += 3) {
      context.fillStyle = `rgba(190,50,40,${(0.15 + 0.75 * cells[i + 2] / most).toFixed(2)})`;
      context.fillRect(cells[i] * cell, cells[i + 1] * cell, cell, cell);
    }
  }

  function scaleBar() {
    const ratio = window.devicePixelRatio || 1;
    const target = (110 * ratio * data.quantum) / view.scale;
    const power = 10 ** Math.floor(Math.log10(target));
    const length = [5, 2, 1].map((m) => m * power).find((m) => m <= target);
    document.getElementById("scale").style.width =
      `${(length / data.quantum) * view.scale / ratio}px`;
    document.getElementById("scale-text").textContent =
      length >= 1000 ? `${length / 1000} km` : `${length} m`;
  }

  function entry(colour, text) {
    const item = document.createElement("li"), swatch = document.createElement("i");
    swatch.style.background = colour;
    item.append(swatch, text);
    return item;
  }

  function heading(text) {
    const item = document.createElement("li");
    item.className = "heading";
    item.append(text);
    return item;
  }

  function legend() {
    const list = document.getElementById("legend");
    list.replaceChildren();
    const metric = data.metrics[menu.value], steps = limits(metric.values);
    if (zones.length > 1) {
      list.append(heading(metric.label));
      const format = (v) => v.toLocaleString(data.language, {
        minimumFractionDigits: metric.decimals, maximumFractionDigits: metric.decimals });
      steps.forEach((low, i) => list.append(entry(shade(low, steps),
        i + 1 < steps.length ? `${format(low)} ${words.to} ${format(steps[i + 1])}` : `${words.from} ${format(low)}`)));
    }
    if (metric.values.includes(null)) list.append(entry("#d9d9d9", words.unobserved));
    if (buildings.length) list.append(heading(words.one));
    if (buildings.length) data.classes.forEach((c) => list.append(entry(c.colour, c.label)));
    if (cells.length) list.append(entry("rgba(190,50,40,.7)", words.density));
  }

  /* ---- pointing ---- */
  function inside(shape, x, y) {
    const [left, top, right, bottom] = shape.box;
    if (x < left || x > right || y < top || y > bottom) return false;
    let odd = false;
    for (const ring of shape.rings) {
      for (let i = 0, j = ring.length - 2; i < ring.length; j = i, i += 2) {
        const above = ring[i + 1] > y !== ring[j + 1] > y;
        const cross = ((ring[j] - ring[i]) * (y - ring[i + 1])) / (ring[j + 1] - ring[i + 1]);
        if (above && x < cross + ring[i]) odd = !odd;
      }
    }
    return odd;
  }

  function point(px, py) {
    const [x, y] = toMap(px, py);
    chosen = zones.findIndex((zone) => inside(zone, x, y));
    const lines = [];
    if (chosen >= 0) {
      lines.push(data.zones.names[chosen]);
      for (const metric of data.metrics) {
        const value = metric.values[chosen];
        lines.push(`${metric.label}: ${value === null ? words.unknown : value.toLocaleString(data.language, {
          maximumFractionDigits: metric.decimals })}`);
      }
    }
    const building = buildingsVisible() ? buildings.findIndex((b) => inside(b, x, y)) : -1;
    if (building >= 0) lines.push(`${words.this}: ${areas[building].toLocaleString(data.language)} m²`);
    tip.textContent = lines.join("\n");
    tip.hidden = !lines.length;
    draw();
  }

  const pointers = new Map();
  let moved = 0;
  function place(event) {
    const box = canvas.getBoundingClientRect(), ratio = canvas.width / box.width;
    return [(event.clientX - box.left) * ratio, (event.clientY - box.top) * ratio];
  }
  function spread() {
    const [a, b] = [...pointers.values()];
    return { far: Math.hypot(a[0] - b[0], a[1] - b[1]), x: (a[0] + b[0]) / 2, y: (a[1] + b[1]) / 2 };
  }
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, place(event));
    moved = 0;
  });
  canvas.addEventListener("pointermove", (event) => {
    const old = pointers.get(event.pointerId), now = place(event);
    if (!old) return;
    const before = pointers.size === 2 ? spread() : null;
    pointers.set(event.pointerId, now);
    moved += Math.hypot(now[0] - old[0], now[1] - old[1]);
    if (before) {
      const after = spread();
      view.x -= (after.x - before.x) / view.scale;
      view.y -= (after.y - before.y) / view.scale;
      zoom(after.far / Math.max(before.far, 1), after.x, after.y);
    } else {
      view.x -= (now[0] - old[0]) / view.scale;
      view.y -= (now[1] - old[1]) / view.scale;
      draw();
    }
  });
  for (const name of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(name, (event) => {
      const known = pointers.delete(event.pointerId);
      if (known && name === "pointerup" && moved < 8) point(...place(event));
    });
  }
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(2 ** (-event.deltaY / 300), ...place(event));
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const step = 40 / view.scale, moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0],
      ArrowUp: [0, -step], ArrowDown: [0, step] };
    if (event.key in moves) {
      view.x += moves[event.key][0];
      view.y += moves[event.key][1];
      event.preventDefault();
      draw();
    } else if (event.key === "+" || event.key === "-") {
      centreZoom(event.key === "+" ? ZOOM_STEP : 1 / ZOOM_STEP);
    }
  });
  const centreZoom = (factor) => zoom(factor, canvas.width / 2, canvas.height / 2);
  document.getElementById("zoom-in").onclick = () => centreZoom(ZOOM_STEP);
  document.getElementById("zoom-out").onclick = () => centreZoom(1 / ZOOM_STEP);
  document.getElementById("zoom-home").onclick = home;

  data.metrics.forEach((metric, index) => menu.add(new Option(metric.label, index)));
  menu.closest("label").hidden = zones.length === 1;
  menu.onchange = () => { legend(); draw(); };
  showBuildings.onchange = draw;
  // A window, or paper, of another shape: what showed everything shows everything there too.
  const refit = () => {
    if (view.scale === view.home) home(); else { resize(); draw(); }
  };
  window.addEventListener("resize", refit);
  window.addEventListener("beforeprint", () => { refit(); paint(); });
  legend();
  home();
})();
