// The curve of one quantity at one point over 24 hours, with the same numbers as a table.

import { el, setText, show, svg } from "./dom.js";
import { clock, dayAndClock, number, ownZone, zoneOffsetMinutes } from "./format.js";
import { SIGNS } from "./levels.js";
import { hourTicks, linear, niceTicks, padded, runs } from "./scale.js";
import { say } from "./words.js";

const HEIGHT = 190;
const EDGE = { top: 14, right: 14, bottom: 26, left: 46 };

export class Curve {
  constructor() {
    this.drawing = svg("svg", { class: "curve", role: "img", tabindex: 0, height: HEIGHT });
    this.reading = el("output", { class: "curve-reading", "aria-live": "polite" });
    this.note = el("p", { class: "curve-note" });
    this.legend = el("ul", { class: "legend" });
    this.table = el("div", { class: "curve-table", tabindex: 0 });
    this.summary = el("summary");
    this.details = el("details", { ontoggle: () => this.drawTable() }, this.summary, this.table);
    this.root = el("div", { class: "curve-box" }, this.drawing, this.reading, this.note, this.legend, this.details);
    this.data = null;
    this.cursor = null;
    this.drawing.addEventListener("pointermove", (event) => this.point(event));
    this.drawing.addEventListener("pointerleave", () => this.moveTo(null));
    this.drawing.addEventListener("keydown", (event) => this.key(event));
    this.drawing.addEventListener("blur", () => this.moveTo(null));
    this.width = 0;
    this.watch = new ResizeObserver(([entry]) => {
      const width = Math.floor(entry.contentRect.width);
      if (width !== this.width) {
        this.width = width;
        this.draw();
      }
    });
    this.watch.observe(this.root);
  }

  /** `data`: {rows, quantity, guide, zone, from, to, step}; rows {time, mean, min, max, n, doubtful, doubtfulCount}. */
  set(data) {
    this.data = data;
    this.draw();
    if (this.details.open) this.drawTable();
  }

  message(words) {
    this.data = null;
    this.drawing.replaceChildren();
    this.legend.replaceChildren();
    show(this.drawing, false);
    show(this.details, false);
    setText(this.reading, "");
    setText(this.note, words);
  }

  draw() {
    if (!this.data || this.width < 120) return;
    const { rows, quantity, guide, zone, from, to, step } = this.data;
    const good = rows.filter((row) => row.n > 0);
    const doubtful = rows.filter((row) => row.doubtfulCount > 0);
    show(this.drawing, rows.length > 0);
    show(this.details, rows.length > 0);
    setText(this.summary, say("as_table"));
    if (!rows.length) {
      this.message(say("curve_empty"));
      return;
    }
    const values = [...good.flatMap((row) => [row.min, row.max]), ...doubtful.map((row) => row.doubtful)];
    const bounds = ["low", "raised", "high"].filter((level) => typeof guide?.[level] === "number");
    const reach = (Math.max(...values) - Math.min(...values) || Math.abs(values[0]) || 1) * 0.6;
    const near = bounds.filter((level) => guide[level] >= Math.min(...values) - reach && guide[level] <= Math.max(...values) + reach);
    const scale = niceTicks(...padded([...values, ...near.map((level) => guide[level])], quantity.decimals));
    const x = linear(from, to, EDGE.left, this.width - EDGE.right);
    const y = linear(scale.low, scale.high, HEIGHT - EDGE.bottom, EDGE.top);
    const decimals = scale.step < 1 ? Math.max(1, quantity.decimals) : 0;
    this.drawing.setAttribute("viewBox", `0 0 ${this.width} ${HEIGHT}`);
    this.drawing.setAttribute("width", this.width);
    this.drawing.setAttribute("aria-label", this.label(good, quantity));
    this.mark = svg("g", { class: "cursor", visibility: "hidden" });
    this.drawing.replaceChildren(
      this.grid(scale.ticks, y, decimals),
      this.hours(from, to, x, zone),
      ...near.map((level) => this.guideLine(level, guide[level], y, decimals)),
      ...runs(good, step).flatMap((run) => this.run(run, x, y)),
      ...doubtful.map((row) => svg("circle", { class: "doubtful", cx: x(row.time + step / 2), cy: y(row.doubtful), r: 3 })),
      this.mark,
    );
    this.place = { x, y, from, to };
    const foreign = zone && zone !== ownZone();
    setText(this.note, foreign ? say("zone_note", { zone }) : "");
    this.drawLegend(good.length > 0, doubtful.length > 0, near.length > 0);
    if (this.cursor !== null) this.moveTo(Math.min(this.cursor, rows.length - 1));
  }

  label(good, quantity) {
    const unit = quantity.display_unit;
    if (!good.length) return say("curve_empty");
    return say("curve_label", {
      title: quantity.title,
      unit,
      low: number(Math.min(...good.map((row) => row.min)), quantity.decimals),
      high: number(Math.max(...good.map((row) => row.max)), quantity.decimals),
      last: number(good[good.length - 1].mean, quantity.decimals),
    });
  }

  grid(ticks, y, decimals) {
    return svg(
      "g",
      { class: "grid" },
      ...ticks.flatMap((tick) => [
        svg("line", { x1: EDGE.left, x2: this.width - EDGE.right, y1: y(tick), y2: y(tick) }),
        svg("text", { x: EDGE.left - 8, y: y(tick), dy: "0.35em", "text-anchor": "end" }, number(tick, decimals)),
      ]),
    );
  }

  hours(from, to, x, zone) {
    const hours = this.width < 360 ? 6 : this.width < 640 ? 4 : 3;
    const base = HEIGHT - EDGE.bottom;
    return svg(
      "g",
      { class: "hours" },
      ...hourTicks(from, to, hours, zoneOffsetMinutes(to, zone)).flatMap((tick) => [
        svg("line", { x1: x(tick), x2: x(tick), y1: base, y2: base + 4 }),
        x(tick) > EDGE.left + 6 && x(tick) < this.width - EDGE.right - 12
          ? svg("text", { x: x(tick), y: base + 17, "text-anchor": "middle" }, clock(tick, zone))
          : null,
      ]),
    );
  }

  guideLine(level, bound, y, decimals) {
    const words = `${SIGNS[level]} ${say(level === "low" ? "guide_below" : "guide_above", { value: number(bound, decimals) })}`;
    return svg(
      "g",
      { class: "guide" },
      svg("line", { x1: EDGE.left, x2: this.width - EDGE.right, y1: y(bound), y2: y(bound) }),
      svg("text", { x: this.width - EDGE.right, y: y(bound) - 5, "text-anchor": "end" }, words),
    );
  }

  run(run, x, y) {
    const middle = (row) => x(row.time + this.data.step / 2);
    if (run.length === 1) return [svg("circle", { class: "line-dot", cx: middle(run[0]), cy: y(run[0].mean), r: 2 })];
    const at = (row, name) => `${middle(row).toFixed(1)},${y(row[name]).toFixed(1)}`;
    const top = run.map((row) => at(row, "max"));
    const bottom = [...run].reverse().map((row) => at(row, "min"));
    return [
      svg("polygon", { class: "band", points: [...top, ...bottom].join(" ") }),
      svg("polyline", { class: "line", points: run.map((row) => at(row, "mean")).join(" ") }),
    ];
  }

  drawLegend(good, doubtful, guide) {
    const parts = [
      good && ["key-line", "legend_mean"],
      good && ["key-band", "legend_band"],
      doubtful && ["key-doubtful", "legend_suspect"],
      guide && ["key-guide", "legend_guide"],
    ].filter(Boolean);
    this.legend.replaceChildren(...parts.map(([key, word]) => el("li", {}, el("i", { class: key }), say(word))));
  }

  point(event) {
    if (!this.data?.rows.length || !this.place) return;
    const left = this.drawing.getBoundingClientRect().left;
    const share = (event.clientX - left - EDGE.left) / (this.width - EDGE.left - EDGE.right);
    const time = this.place.from + share * (this.place.to - this.place.from) - this.data.step / 2;
    const rows = this.data.rows;
    let nearest = 0;
    rows.forEach((row, place) => {
      if (Math.abs(row.time - time) < Math.abs(rows[nearest].time - time)) nearest = place;
    });
    this.moveTo(nearest);
  }

  key(event) {
    const last = (this.data?.rows.length ?? 0) - 1;
    if (last < 0) return;
    const now = this.cursor ?? last + (event.key === "ArrowLeft" ? 1 : 0);
    const next = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: last, PageUp: now - 12, PageDown: now + 12 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    this.moveTo(Math.max(0, Math.min(last, next)));
  }

  moveTo(place) {
    this.cursor = place;
    if (place === null || !this.data || !this.mark) {
      this.mark?.setAttribute("visibility", "hidden");
      setText(this.reading, "");
      return;
    }
    const { rows, quantity, zone, step } = this.data;
    const row = rows[place];
    const isGood = row.n > 0;
    const value = isGood ? row.mean : row.doubtful;
    const x = this.place.x(row.time + step / 2);
    this.mark.replaceChildren(
      svg("line", { x1: x, x2: x, y1: EDGE.top, y2: HEIGHT - EDGE.bottom }),
      svg("circle", { cx: x, cy: this.place.y(value), r: 4 }),
    );
    this.mark.setAttribute("visibility", "visible");
    const shown = (some) => number(some, quantity.decimals);
    const names = { time: dayAndClock(row.time, zone), value: shown(value), unit: quantity.display_unit };
    const range = isGood && row.min !== row.max ? ` ${say("curve_range", { low: shown(row.min), high: shown(row.max) })}` : "";
    const also = isGood && row.doubtfulCount ? say("curve_also", { value: shown(row.doubtful) }) : "";
    setText(this.reading, say(isGood ? "curve_at" : "curve_suspect", names) + range + also);
  }

  drawTable() {
    if (!this.details.open || !this.data) return;
    const { rows, quantity, zone, to } = this.data;
    const offset = zoneOffsetMinutes(to, zone) * 60;
    const hours = new Map();
    for (const row of rows) {
      const hour = Math.floor((row.time + offset) / 3600) * 3600 - offset;
      if (!hours.has(hour)) hours.set(hour, []);
      hours.get(hour).push(row);
    }
    const names = ["hour", "mean", "lowest", "highest", "readings", "doubtful_count"];
    const body = [...hours].reverse().map(([hour, part]) => this.tableRow(hour, part, quantity, zone));
    this.table.replaceChildren(
      el(
        "table",
        {},
        el("caption", {}, say("table_caption", { title: quantity.title, unit: quantity.display_unit || "1" })),
        el("thead", {}, el("tr", {}, ...names.map((name) => el("th", { scope: "col" }, say(name))))),
        el("tbody", {}, ...body),
      ),
    );
  }

  tableRow(hour, part, quantity, zone) {
    const good = part.filter((row) => row.n > 0);
    const count = good.reduce((sum, row) => sum + row.n, 0);
    const doubtful = part.reduce((sum, row) => sum + row.doubtfulCount, 0);
    const shown = (value) => (good.length ? number(value, quantity.decimals) : "–");
    const mean = good.reduce((sum, row) => sum + row.mean * row.n, 0) / (count || 1);
    return el(
      "tr",
      {},
      el("th", { scope: "row" }, dayAndClock(hour, zone)),
      el("td", {}, shown(mean)),
      el("td", {}, shown(Math.min(...good.map((row) => row.min)))),
      el("td", {}, shown(Math.max(...good.map((row) => row.max)))),
      el("td", {}, number(count + doubtful)),
      el("td", {}, number(doubtful)),
    );
  }
}
