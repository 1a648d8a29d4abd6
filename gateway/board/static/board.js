// The board: asks the gateway every few seconds and keeps the page in step with its answers.

import * as api from "./api.js";
import { Card } from "./card.js";
import { el, keep, setText, show } from "./dom.js";
import { clock } from "./format.js";
import { watchChanges } from "./voice.js";
import { LANGUAGES, language, say, sayCount, setLanguage, startLanguage } from "./words.js";

const POLL_MS = 5000;
const CURVE_EVERY_S = 30;
const CURVE_WHOLE_EVERY_S = 300;
const STEP_S = 300;
const DAY_S = 86400;
const AT_ONCE = 4;
const NAMED = 20;
const FIRST_CARDS = 60;

const $ = (id) => document.getElementById(id);
const state = {
  sites: null,
  quantities: new Map(),
  ready: null,
  ahead: 0,
  goneSince: null,
  answered: null,
  locked: false,
  limit: FIRST_CARDS,
  cards: new Map(),
  visible: new Set(),
};

const seconds = () => performance.now() / 1000;
/** The gateway's clock; the reader's own may be wrong. */
const serverTime = () => Date.now() / 1000 + state.ahead;
const seen = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) {
      const card = entry.target.card;
      if (entry.isIntersecting) state.visible.add(card);
      else state.visible.delete(card);
    }
    if (entries.some((entry) => entry.isIntersecting && entry.target.card.points === null)) wakeUp();
  },
  { rootMargin: "300px" },
);

// ---- asking ----

async function poll() {
  try {
    if (!state.quantities.size) await loadQuantities();
    const sites = await api.sites();
    state.ready = await api.ready();
    state.ahead = state.ready.now - Date.now() / 1000;
    const now = seconds();
    state.sites = sites.map((site) => ({
      ...site,
      fetched: now,
      age_s: site.last_seen === null ? null : serverTime() - site.last_seen,
    }));
    state.goneSince = null;
    state.locked = false;
    state.answered = Date.now() / 1000;
    draw();
    await inTurns([...state.visible], refresh);
  } catch (error) {
    failed(error);
  }
  draw();
}

function failed(error) {
  if (!(error instanceof api.ApiError)) throw error;
  if (error.status === 401) state.locked = true;
  else state.goneSince ??= Date.now() / 1000;
}

async function loadQuantities() {
  const list = await api.quantities();
  state.quantities = new Map(list.map((quantity) => [quantity.quantity, { ...quantity, title: title(quantity) }]));
}

const title = (quantity) => (language() === "zh-CN" ? quantity.title_zh : quantity.title_en);

/** Do `work` for all, a few at a time, so that a wall of branches does not storm the gateway. */
async function inTurns(items, work) {
  const queue = [...items];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

async function refresh(card) {
  const points = await api.points(card.site.site);
  card.setPoints(points, seconds());
  card.update(card.site, state.quantities, seconds());
  await refreshCurve(card);
}

async function refreshCurve(card, force = false) {
  const series = card.series;
  const now = seconds();
  if (!series || (!force && now - (card.curveAt ?? -Infinity) < CURVE_EVERY_S)) return;
  const whole = force || !card.rows.size || now - (card.wholeAt ?? -Infinity) > CURVE_WHOLE_EVERY_S;
  const to = Math.ceil(serverTime() / STEP_S) * STEP_S;
  const from = whole ? to - DAY_S : Math.max(to - DAY_S, Math.max(...card.rows.keys()) - STEP_S);
  const [point, quantity] = series;
  try {
    const answer = await api.curve({ site: card.site.site, point, quantity, from, to, step_s: STEP_S });
    if (card.series?.join() !== series.join()) return;
    if (whole) card.rows = new Map();
    for (const [time, mean, min, max, n, doubtful, doubtfulCount] of answer.rows) {
      card.rows.set(time, { time, mean, min, max, n, doubtful, doubtfulCount });
    }
    card.curveAt = now;
    if (whole) card.wholeAt = now;
    card.span = { from: to - DAY_S, to };
    drawCurve(card);
  } catch (error) {
    if (!(error instanceof api.ApiError) || error.status === 0 || error.status === 401) throw error;
    card.rows = new Map();
    card.curve.message(say("curve_failed", { detail: error.message }));
  }
}

function drawCurve(card) {
  const quantity = state.quantities.get(card.series?.[1]);
  if (!quantity || !card.span) return;
  const rows = [...card.rows.values()].filter((row) => row.time >= card.span.from).sort((a, b) => a.time - b.time);
  card.curve.set({ rows, quantity, guide: quantity.guide, zone: card.site.time_zone || null, step: STEP_S, ...card.span });
}

let due = false;
let wake = null;

/** Ask at once, or right after the question under way. */
function wakeUp() {
  due = true;
  wake?.();
}

async function run() {
  for (;;) {
    due = false;
    const began = seconds();
    if (!document.hidden) await poll();
    // Never more than a tenth of the time in questions, however many branches there are.
    const pause = Math.max(POLL_MS, (seconds() - began) * 10_000);
    await new Promise((resolve) => {
      wake = resolve;
      setTimeout(resolve, due ? 0 : pause);
    });
    wake = null;
  }
}

// ---- showing ----

function draw() {
  const now = seconds();
  drawNotices();
  if (state.locked || state.sites === null) {
    show($("loading"), state.sites === null && !state.locked && state.goneSince === null);
    show($("token"), state.locked);
    show($("content"), false);
    return;
  }
  show($("loading"), false);
  show($("token"), false);
  show($("content"), true);
  show($("empty"), state.sites.length === 0);
  show($("overview"), state.sites.length > 0);
  if (!state.sites.length) drawEmpty();
  const words = $("find").value.trim().toLowerCase();
  const only = $("only").checked;
  const fits = (site) => [site.title, site.site, site.region].some((text) => text.toLowerCase().includes(words));
  const attention = (site) => state.cards.get(site.site)?.attention(state.quantities) ?? !site.online;
  const found = state.sites
    .filter((site) => (!words || fits(site)) && (!only || attention(site)))
    .sort((one, other) => (one.registered === false) - (other.registered === false));
  keep(
    $("cards"),
    state.cards,
    found.slice(0, state.limit),
    (site) => site.site,
    makeCard,
    (card, site) => card.update(site, state.quantities, now),
  );
  for (const card of state.visible) if (!card.root.isConnected) state.visible.delete(card);
  show($("more"), found.length > state.limit);
  setText($("more"), say("more", { n: Math.min(FIRST_CARDS, found.length - state.limit) }));
  show($("none"), state.sites.length > 0 && found.length === 0);
  drawSummary(attention);
  document.body.classList.toggle("is-gone", state.goneSince !== null);
  setText($("said"), watchChanges(state) ?? $("said").textContent);
}

function makeCard(site) {
  const card = new Card(site, (changed) => refreshCurve(changed, true).catch(failed));
  seen.observe(card.root);
  return card;
}

function drawSummary(attention) {
  const online = state.sites.filter((site) => site.online).length;
  const troubled = state.sites.filter(attention).length;
  setText($("count-online"), `${online}/${state.sites.length}`);
  setText($("word-online"), say("branches_online"));
  setText($("count-attention"), troubled ? String(troubled) : "✓");
  setText($("word-attention"), troubled ? sayCount("need_attention", troubled) : say("all_fine"));
  $("summary-attention").className = `stat ${troubled ? "is-raised" : "is-fine"}`;
  setText($("updated"), state.answered === null ? "" : say("updated", { time: clock(state.answered, null, true) }));
  show($("tools"), state.sites.length > 6 || $("only").checked || $("find").value !== "");
}

function drawEmpty() {
  const regions = (state.ready?.regions ?? []).join(", ");
  setText($("empty-title"), say("empty_title"));
  setText($("empty-text"), say("empty_text"));
  setText($("empty-1"), say("empty_1"));
  setText($("empty-2"), `${say("empty_2")} ${regions}`);
  setText($("empty-3"), say("empty_3"));
  setText($("empty-note"), state.ready?.parts.includes("broker") ? say("empty_no_broker") : "");
}

function drawNotices() {
  const notices = [];
  if (state.goneSince !== null) {
    notices.push(["high", say("gone_title"), [[say("gone_text", { time: clock(state.goneSince, null, true) })]]]);
  } else if (state.ready) {
    const { reasons, warnings, parts } = state.ready;
    const lines = [...reasons, ...warnings].map((text, place) => [say(`part_${parts[place]}`), text]);
    const wrong = lines.slice(0, reasons.length);
    const odd = lines.slice(reasons.length);
    if (wrong.length) notices.push(["high", say("not_ready_title"), [[say("not_ready_text")], ...wrong]]);
    if (odd.length) notices.push(["raised", say("warning_title"), odd]);
    const strangers = (state.sites ?? []).filter((site) => site.registered === false).map((site) => site.site);
    if (strangers.length) notices.push(["raised", say("strangers_title"), [[say("strangers_text"), named(strangers)]]]);
  }
  const print = JSON.stringify(notices);
  if ($("notices").dataset.print === print) return;
  $("notices").dataset.print = print;
  $("notices").replaceChildren(
    ...notices.map(([level, head, lines]) =>
      el("div", { class: `notice is-${level}` }, el("h2", {}, head), ...lines.map(noticeLine)),
    ),
  );
}

function named(sites) {
  const more = sites.length - NAMED;
  return sites.slice(0, NAMED).join(", ") + (more > 0 ? ` + ${more}` : "");
}

/** What it means for the reader, then the gateway's own words for whoever mends it. */
function noticeLine([words, detail]) {
  return el("p", {}, words, detail ? el("span", { class: "detail" }, detail) : null);
}

// ---- the fixed words, the language switch, the token ----

function drawWords() {
  for (const element of document.querySelectorAll("[data-say]")) setText(element, say(element.dataset.say));
  $("find").placeholder = say("find_hint");
  $("languages").setAttribute("aria-label", say("language"));
  for (const button of $("languages").children) button.setAttribute("aria-pressed", String(button.lang === language()));
  document.title = `${say("title")} · ${say("subtitle")}`;
}

function switchLanguage(chosen) {
  setLanguage(chosen, true);
  for (const quantity of state.quantities.values()) quantity.title = title(quantity);
  drawWords();
  draw();
  for (const card of state.cards.values()) drawCurve(card);
  wakeUp();
}

function start() {
  startLanguage();
  $("languages").replaceChildren(
    ...Object.entries(LANGUAGES).map(([code, name]) =>
      el("button", { type: "button", lang: code, onclick: () => switchLanguage(code) }, name),
    ),
  );
  drawWords();
  $("find").addEventListener("input", draw);
  $("only").addEventListener("change", draw);
  $("more").addEventListener("click", () => {
    state.limit += FIRST_CARDS;
    draw();
  });
  $("token").addEventListener("submit", async (event) => {
    event.preventDefault();
    setText($("token-wrong"), "");
    try {
      if (await api.begin($("token-word").value.trim())) $("token").reset();
      else setText($("token-wrong"), say("token_wrong"));
    } catch (error) {
      failed(error);
    }
    wakeUp();
  });
  document.addEventListener("visibilitychange", () => document.hidden || wakeUp());
  setInterval(draw, 1000);
  run();
}

start();
