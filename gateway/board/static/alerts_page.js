// The page of alerts: what is open, what is mine, what is past. It asks every few seconds and keeps itself in step.

import * as api from "./api.js";
import { AlertCard, inOrder, isNobodys } from "./alert_card.js";
import { Me, MeLine } from "./alert_me.js";
import { tell, tellCount } from "./alert_words.js";
import { Changes } from "./alert_voice.js";
import { Mine } from "./alerts_mine.js";
import { Planned } from "./alerts_planned.js";
import { el, keep, setText, show } from "./dom.js";
import { clock, ownZone } from "./format.js";
import { LANGUAGES, language, say, setLanguage, startLanguage } from "./words.js";

const POLL_MS = 5000;
const SHOWN = 100;
const VIEWS = ["open", "mine", "past", "planned"];

const $ = (id) => document.getElementById(id);
const state = { open: null, past: [], next: null, limit: SHOWN, goneSince: null, locked: false, answered: null };
const me = new Me();
const meLine = new MeLine(me, () => refresh(), async () => {
  await api.end();
  me.forget();
  await refresh();
});
const mine = new Mine(me, () => refresh());
const planned = new Planned(me, () => refresh());
const changes = new Changes();
const cards = { open: new Map(), past: new Map() };
let now = Date.now() / 1000;

const view = () => (VIEWS.includes(location.hash.slice(1)) ? location.hash.slice(1) : "open");

// ---- asking ----

async function poll() {
  try {
    const ready = await api.ready();
    if (!me.known) await me.load();
    // The gateway's clock; the reader's own may be wrong.
    now = ready.now;
    state.open = inOrder(await api.openAlerts());
    if (view() === "mine") await mine.load();
    if (view() === "planned") await planned.load();
    if (view() === "past" && state.past.length <= SHOWN / 2) await loadPast(null);
    Object.assign(state, { goneSince: null, locked: false, answered: Date.now() / 1000 });
  } catch (error) {
    if (!(error instanceof api.ApiError)) throw error;
    if (error.status === 401) state.locked = true;
    else state.goneSince ??= Date.now() / 1000;
  }
}

async function loadPast(after) {
  const page = await api.endedAlerts(after);
  state.past = after === null ? page.alerts : [...state.past, ...page.alerts];
  state.next = page.next;
}

async function refresh() {
  await poll();
  draw();
}

async function run() {
  for (;;) {
    const began = performance.now();
    if (!document.hidden) await refresh();
    // Never more than a tenth of the time in questions, however many alarms there are.
    const pause = Math.max(POLL_MS, (performance.now() - began) * 10);
    await new Promise((next) => setTimeout(next, pause));
  }
}

// ---- showing ----

function draw() {
  const locked = state.locked;
  const loaded = state.open !== null;
  show($("loading"), !loaded && !locked && state.goneSince === null);
  show($("token"), locked);
  show($("content"), loaded && !locked);
  show($("gone"), state.goneSince !== null);
  setText($("gone-title"), say("gone_title"));
  if (state.goneSince !== null) setText($("gone-text"), say("gone_text", { time: clock(state.goneSince, null) }));
  if (!loaded || locked) return;
  meLine.draw();
  for (const name of VIEWS) {
    show($(`view-${name}`), view() === name);
    const link = $(`link-${name}`);
    if (view() === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  drawOpen();
  if (view() === "mine") mine.draw(now);
  if (view() === "planned") planned.draw(now);
  if (view() === "past") drawPast();
  setText($("updated"), state.answered === null ? "" : tell("updated", { time: clock(state.answered, null, true) }));
  const nobodys = state.open.filter(isNobodys).length;
  document.title = `${nobodys ? `(${nobodys}) ` : ""}${tell("title")} · OpenHall`;
  announce();
}

function drawOpen() {
  const words = $("find").value.trim().toLowerCase();
  const only = $("only").checked;
  const fits = (alert) => `${alert.message} ${alert.where} ${alert.site ?? ""} ${alert.region}`.toLowerCase().includes(words);
  const found = state.open.filter((alert) => (!words || fits(alert)) && (!only || isNobodys(alert)));
  drawList($("open-list"), cards.open, found.slice(0, state.limit));
  const nobodys = state.open.filter(isNobodys).length;
  setText($("count-nobody"), String(nobodys));
  setText($("word-nobody"), tellCount("count_nobody", nobodys));
  $("stat-nobody").className = `stat ${nobodys ? "is-raised" : "is-fine"}`;
  setText($("count-open"), String(state.open.length));
  setText($("word-open"), tellCount("count_open", state.open.length));
  show($("none"), found.length === 0);
  setText($("none"), tell(state.open.length ? "nothing_fits" : "nothing_open"));
  show($("tools"), state.open.length > 3 || words !== "" || only);
  show($("more"), found.length > state.limit);
  setText($("more"), tell("more", { n: Math.min(SHOWN, found.length - state.limit) }));
}

function drawPast() {
  drawList($("past-list"), cards.past, state.past);
  show($("past-none"), state.past.length === 0);
  show($("older"), state.next !== null);
}

function drawList(list, made, alerts) {
  const make = (alert) => new AlertCard(alert, me, refresh);
  keep(list, made, alerts, (alert) => alert.id, make, (card, alert) => card.change(alert, now));
}

function announce() {
  const { calm, urgent } = changes.since(state.open);
  if (calm) setText($("said"), calm);
  if (urgent) setText($("said-urgent"), urgent);
}

// ---- the fixed words, the language switch, the token ----

function drawWords() {
  for (const element of document.querySelectorAll("[data-tell]")) setText(element, tell(element.dataset.tell));
  for (const element of document.querySelectorAll("[data-say]")) setText(element, say(element.dataset.say));
  $("find").placeholder = tell("find_hint");
  $("pages").setAttribute("aria-label", tell("pages"));
  $("views").setAttribute("aria-label", tell("views"));
  $("languages").setAttribute("aria-label", say("language"));
  setText($("zone"), tell("zone", { zone: ownZone() }));
  for (const button of $("languages").children) button.setAttribute("aria-pressed", String(button.lang === language()));
}

function start() {
  startLanguage();
  $("languages").replaceChildren(
    ...Object.entries(LANGUAGES).map(([lang, words]) =>
      el("button", { type: "button", lang, onclick: () => {
        setLanguage(lang, true);
        drawWords();
        refresh();
      } }, words),
    ),
  );
  $("me").append(meLine.root);
  $("view-mine").append(mine.root);
  $("view-planned").append(planned.root);
  $("find").addEventListener("input", draw);
  $("only").addEventListener("change", draw);
  $("more").addEventListener("click", () => {
    state.limit += SHOWN;
    draw();
  });
  $("older").addEventListener("click", async () => {
    await loadPast(state.next);
    draw();
  });
  $("token").addEventListener("submit", async (event) => {
    event.preventDefault();
    setText($("token-wrong"), "");
    try {
      if (await api.begin($("token-word").value.trim())) $("token").reset();
      else setText($("token-wrong"), say("token_wrong"));
    } catch (error) {
      setText($("token-wrong"), tell("failed", { detail: error.message }));
    }
    me.known = false;
    await refresh();
  });
  window.addEventListener("hashchange", async () => {
    draw();
    await refresh();
    $(`title-${view()}`).focus();
  });
  drawWords();
  draw();
  run();
}

start();
