// One case: its timeline, what endangers it, rooms with reasons in words, laboratory results, verdicts, and what to do.

import { actions, askCorrection } from "./case_actions.js";
import { mark, time, verdictMark } from "./cases.js";
import { word } from "./cases_words.js";
import { el } from "./dom.js";
import { number } from "./format.js";

const PHASES = ["planned", "closing", "sampling", "sampled", "judged", "closed"];
const digits = (value) => (value === null || value === undefined ? "–" : number(value, Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0));
const share = (value) => (value === null || value === undefined ? "–" : `${number(value * 100, 0)} %`);

function table(heads, rows) {
  return el(
    "div",
    { class: "scroll" },
    el("table", {}, el("thead", {}, el("tr", {}, ...heads.map((key) => el("th", { scope: "col" }, word(key))))), el("tbody", {}, ...rows)),
  );
}

const cells = (first, ...others) => el("tr", {}, el("th", { scope: "row" }, first), ...others.map((one) => el("td", {}, one ?? "")));

function head(one) {
  const marks = el("div", { class: "badge-row" });
  const last = one.judgements.at(-1);
  marks.append(verdictMark(last ? last.verdict : null));
  if (last) marks.append(el("span", { class: "quiet" }, word(last.basis === "laboratory" ? "basis_laboratory" : "screening")));
  if (one.at_risk.some((risk) => risk.risk !== "contact-unheard")) marks.append(mark("risk", `▲ ${word("at_risk")}`));
  if (one.hold !== null) marks.append(mark("hold", `${word("hold")}${word("colon")}${one.hold}`));
  const now = PHASES.indexOf(one.phase);
  const steps = PHASES.map((phase, place) =>
    el("li", { class: place <= now ? "over" : "", "aria-current": place === now ? "step" : null }, el("span", {}, word(`step_${phase}`))),
  );
  return el(
    "section",
    { class: "sheet", "aria-label": one.title },
    el("h2", { id: "case-title" }, `${one.title} · ${one.site}`),
    marks,
    el("ol", { class: "steps" }, ...steps),
    el("p", {}, `${word("standard")}${word("colon")}${one.profile_title}${word("stop")}${word("round", { n: one.round })}`),
    el("p", {}, `${word("completed", { day: one.completed, earliest: one.earliest })}${word("stop")}${word("rooms_ordered", { n: one.rooms_to_sample, total: one.rooms_total })}`),
    one.materials.length ? el("p", {}, `${word("materials")}${word("colon")}${one.materials.join(word("comma"))}`) : null,
    one.closed_why ? el("p", {}, `${word("closed")}${word("colon")}${one.closed_why}`) : null,
    one.trail_broken_at === null ? null : el("p", { class: "wrong", role: "alert" }, word("trail_broken", { n: one.trail_broken_at })),
  );
}

function risks(one) {
  if (!one.at_risk.length) return null;
  const grave = one.at_risk.some((risk) => risk.risk !== "contact-unheard");
  const lines = one.at_risk.map((risk) => el("li", {}, `${time(risk.since)} · ${risk.message}`));
  return el(
    "div",
    { class: `notice is-${grave ? "high" : "raised"}`, role: grave ? "alert" : "status" },
    el("h2", {}, word(grave ? "risk_title" : "closure")),
    el("ul", { class: "risks" }, ...lines),
  );
}

function closure(found) {
  if (!found || found.ordered_h === 0 && !Object.keys(found.wanted).length) return word("closure_none");
  const parts = [word("closure_h", { n: found.ordered_h })];
  if (!found.supervised) parts.push(word("closure_planned"));
  else if (found.kept_since === null) parts.push(word("closure_broken"));
  else parts.push(word("closure_kept", { time: time(found.kept_since), ready: time(found.ready_at) }));
  if (found.supervised && found.unsupervised.length) parts.push(word("closure_partly", { kinds: found.unsupervised.map((kind) => word(`kind_${kind}`)).join(word("comma")) }));
  return parts.join(word("stop"));
}

function pointRow(point) {
  const window = `${time(point.sampled.from)} – ${time(point.sampled.to)}`;
  return cells(point.point, point.instrument === "laboratory" ? word("laboratory") : point.instrument, point.serial || "–", window);
}

function limit(row) {
  if (row.limit === null) return "–";
  if (typeof row.limit === "number") return `≤ ${digits(row.limit)}`;
  return `${row.limit.min === null ? "" : digits(row.limit.min)}–${row.limit.max === null ? "" : digits(row.limit.max)}`;
}

function verdictRow(row, say) {
  const reasons = el("ul", { class: "risks" }, ...row.reasons.map((reason) => el("li", {}, say(reason))));
  return cells(
    say(row.quantity),
    verdictMark(row.verdict),
    digits(row.mean),
    digits(row.uncertainty),
    `${limit(row)} ${say(`unit:${row.quantity}`)}`,
    share(row.completeness),
    reasons,
  );
}

function room(found, verdicts, say) {
  const verdict = verdicts.get(found.name);
  const breaks = (found.closure?.breaks ?? []).map((own) => el("li", {}, word("broken", { time: time(own.time), point: own.point, state: own.state })));
  return el(
    "section",
    { class: "sheet", "aria-label": `${word("room")} ${found.name}` },
    el("h2", {}, found.name, " ", verdict ? verdictMark(verdict.verdict) : ""),
    el("p", {}, `${word("area", { n: number(found.area_m2, 0) })}, ${word(found.ventilation)}; ${word("points", { planned: new Set(found.points.map((point) => point.point)).size, ordered: found.points_ordered })}`),
    el("p", {}, `${word("closure")}${word("colon")}${closure(found.closure)}`),
    breaks.length ? el("ul", { class: "risks" }, ...breaks) : null,
    table(["point", "instrument", "serial", "window"], found.points.map(pointRow)),
    verdict ? table(["quantity", "verdict", "mean", "uncertainty", "limit", "complete", "reasons"], verdict.quantities.map((row) => verdictRow(row, say))) : null,
  );
}

function laboratory(one, say, tools) {
  const rows = one.laboratory.map((entry) => {
    const value = el("span", {}, `${entry.result.below_detection ? "< " : ""}${digits(entry.result.value)} ${say(`unit:${entry.result.quantity}`)}`);
    const history = entry.corrections.map((own) =>
      el("p", { class: "quiet" }, el("s", { class: "old" }, digits(own.old.value)), " ", word("corrected", { time: time(own.time), who: own.by, why: own.why })),
    );
    const button = el("button", { type: "button", onclick: () => askCorrection(one, entry, tools) }, word("correct"));
    const mayCorrect = one.open && entry.round === one.round;
    return cells(
      entry.result.sample,
      `${entry.result.room} / ${entry.result.point}`,
      say(entry.result.quantity),
      el("div", {}, value, ...history),
      entry.result.laboratory,
      `${entry.entered_by}, ${time(entry.entered)}`,
      mayCorrect ? el("div", { class: "doing" }, button) : "",
    );
  });
  const unplaced = one.unplaced.map((text) => el("li", {}, text));
  return el(
    "section",
    { class: "sheet", "aria-label": word("laboratory_title") },
    el("h2", {}, word("laboratory_title")),
    rows.length ? table(["sample", "where", "quantity", "value", "lab_name", "entered", "correct"], rows) : el("p", { class: "quiet" }, word("laboratory_none")),
    unplaced.length ? el("div", {}, el("h3", {}, word("unplaced")), el("ul", { class: "risks" }, ...unplaced)) : null,
  );
}

function judgements(one) {
  if (!one.judgements.length) return null;
  const rows = one.judgements.map((own) =>
    cells(
      `${own.number} (${word("round", { n: own.round })})`,
      verdictMark(own.verdict),
      word(own.basis === "laboratory" ? "basis_laboratory" : "screening"),
      `${time(own.time)}, ${word("by", { who: own.by })}`,
      el("span", { class: "seal" }, own.seal),
    ),
  );
  return el("section", { class: "sheet", "aria-label": word("judgements") }, el("h2", {}, word("judgements")), table(["number", "verdict", "basis", "given", "seal"], rows));
}

function next(one, say) {
  const last = one.judgements.at(-1);
  if (!last) return null;
  const lines = one.resample.map((own) => word("resample", { quantity: say(own.quantity), rooms: own.rooms, must: own.must_include.join(", ") }));
  const reasons = last.answer.reasons.map(say);
  return el(
    "section",
    { class: "sheet", "aria-label": word("reasons") },
    el("h2", {}, `${word("reasons")}${word("colon")}`, verdictMark(last.verdict)),
    reasons.length ? el("ul", { class: "risks" }, ...reasons.map((text) => el("li", {}, text))) : null,
    lines.length ? el("div", {}, el("h3", {}, word("next")), el("ul", { class: "risks" }, ...lines.map((text) => el("li", {}, text)))) : null,
  );
}

function reopening(air, say) {
  const day = (unix) => new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium" }).format(new Date(unix * 1000));
  const lines = air.reopening.map((own) => {
    const names = { room: own.room, quantity: say(own.quantity) };
    if (own.reason !== null) return word("no_day", { ...names, why: word(own.reason) });
    const half = number(own.half_life_days, 1);
    if (own.met) return word("reopen_met", { ...names, half });
    const high = own.high === null ? word("reopen_later") : day(own.high);
    const gain = word("reopen_gain", { days: number(own.days_gained_twofold, 0) });
    return `${word("reopen_day", { ...names, day: day(own.day), low: day(own.low), high, half })}; ${gain}`;
  });
  for (const own of air.air_changes) {
    if (own.rate !== null) lines.push(word("air_change", { room: own.room, rate: number(own.rate, 1), low: number(own.low, 1), high: number(own.high, 1) }));
  }
  if (!lines.length) return null;
  return el("section", { class: "sheet", "aria-label": word("reopening") }, el("h2", {}, word("reopening")), el("ul", { class: "risks" }, ...lines.map((text) => el("li", {}, text))));
}

function trail(events) {
  const rows = events.map((own) => cells(String(own.number), time(own.time), own.who, word(`event_${own.what}`), Object.entries(own.event).filter(([name, value]) => typeof value !== "object" && value !== "" && !["what", "plan", "profile", "old", "new", "since_ms", "allow_simulated", "packs_upto"].includes(name) && String(value).length < 100).map(([name, value]) => `${name}: ${value}`).join(", ")));
  return el("details", { class: "sheet", id: "trail" }, el("summary", {}, word("trail")), table(["number", "moment", "by_whom", "event", "details"], rows));
}

export function showCase(content, one, air, events, tools) {
  const say = (key) => one.words[key] ?? key;
  const last = one.judgements.at(-1);
  const verdicts = new Map((last?.answer.rooms ?? []).map((own) => [own.name, own]));
  const outdoor = one.outdoor.length
    ? el("section", { class: "sheet", "aria-label": word("outdoor") }, el("h2", {}, word("outdoor")), table(["point", "instrument", "serial", "window"], one.outdoor.map(pointRow)))
    : null;
  content.replaceChildren(
    ...[
      head(one),
      risks(one),
      actions(one, tools),
      next(one, say),
      ...one.rooms.map((own) => room(own, verdicts, say)),
      outdoor,
      laboratory(one, say, tools),
      reopening(air, say),
      judgements(one),
      trail(events),
    ].filter(Boolean),
  );
}
