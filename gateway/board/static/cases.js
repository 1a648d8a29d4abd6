// The pages of acceptance cases: which one is shown, the language, the token, and asking again every few seconds.

import { begin } from "./api.js";
import { get, Refusal } from "./cases_api.js";
import { showCase } from "./case_page.js";
import { showOpening } from "./case_open.js";
import { comparison, register } from "./cases_register.js";
import { word } from "./cases_words.js";
import { el, setText, show } from "./dom.js";
import { LANGUAGES, language, say, setLanguage, startLanguage } from "./words.js";

const POLL_MS = 5000;
const $ = (id) => document.getElementById(id);
const state = { print: "", answered: null, busy: false };

let zone = null;

/** Minute and day at the branch, where its zone is known, else at the reader's. */
export const time = (unix) =>
  new Intl.DateTimeFormat(language(), {
    month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone || undefined,
  }).format(new Date(unix * 1000));

export const mark = (kind, text) => el("span", { class: `mark mark-${kind}` }, text);

export function verdictMark(verdict) {
  return verdict === null ? el("span", { class: "quiet" }, word("no_verdict")) : mark(verdict, word(verdict));
}

function chosen() {
  const asked = new URL(window.location.href).searchParams;
  return { id: asked.get("case"), open: asked.has("open") };
}

function row(one, titles) {
  const marks = el("div", { class: "badge-row" }, mark(one.open ? "open" : "closed", word(one.open ? "open" : "closed")));
  if (one.at_risk) marks.append(mark("risk", `▲ ${word("at_risk")}`));
  if (one.hold) marks.append(mark("hold", word("hold")));
  const link = el("a", { href: `/cases?case=${one.id}` }, one.title);
  return el(
    "tr",
    {},
    el("th", { scope: "row" }, link),
    el("td", {}, titles.get(one.site) ?? one.site),
    el("td", {}, marks),
    el("td", {}, verdictMark(one.verdict)),
    el("td", { class: "n" }, time(one.opened)),
    el("td", { class: "n" }, time(one.changed)),
  );
}

const COMPARED = ["hcho_ug_m3", "tvoc_ug_m3"];

async function loadList() {
  const compared = COMPARED.map((quantity) => get(`cases/comparison?quantity=${quantity}`));
  const [cases, sites, instruments, quantities, ...found] = await Promise.all([
    get("cases?limit=1000"), get("sites?limit=10000"), get("instruments?limit=1000"), get("quantities"), ...compared,
  ]);
  const named = quantities.quantities.map((row) => [row.quantity, { ...row, title: language() === "zh-CN" ? row.title_zh : row.title_en }]);
  return { cases: cases.cases, sites: sites.sites.map(({ site, title }) => ({ site, title })), instruments: instruments.instruments, quantities: named, found };
}

function drawList({ cases, sites, instruments, quantities, found }) {
  const rows = new Map(quantities);
  const titles = new Map(sites.map((site) => [site.site, site.title]));
  const heads = ["name", "branch", "state", "verdict", "opened", "changed"].map((key) => el("th", { scope: "col" }, word(key)));
  const table = el(
    "table",
    { class: "case-list" },
    el("thead", {}, el("tr", {}, ...heads)),
    el("tbody", {}, ...cases.map((one) => row(one, titles))),
  );
  const open = el("button", { type: "button", class: "main", onclick: () => (window.location.href = "/cases?open") }, word("open_case"));
  $("content").replaceChildren(
    el("div", { class: "doing" }, open),
    el("section", { class: "sheet", "aria-label": word("all_cases") }, cases.length ? el("div", { class: "scroll" }, table) : el("p", {}, word("none"))),
    register(instruments, rows),
    comparison(found, rows, titles) ?? "",
  );
}

/** Draw only what differs, so that a selection, an open fold and a screen reader are left in peace. */
function once(found, draw) {
  const print = JSON.stringify([language(), found]);
  if (print === state.print) return;
  const folds = new Set([...document.querySelectorAll("details[open]")].map((fold) => fold.id));
  state.print = print;
  draw();
  for (const fold of document.querySelectorAll("details")) if (folds.has(fold.id)) fold.open = true;
}

export async function poll() {
  const { id, open } = chosen();
  try {
    if (id !== null) {
      const one = await get(`cases/${encodeURIComponent(id)}`);
      zone = one.time_zone || null;
      const [air, trail] = await Promise.all([get(`cases/${one.id}/air`), get(`cases/${one.id}/events`)]);
      once([one, air], () => showCase($("content"), one, air, trail.events, { poll, said: (text) => setText($("said"), text) }));
    } else if (open) {
      if (state.print !== language()) await showOpening($("content"));
      state.print = language();
    } else {
      const list = await loadList();
      once(list, () => drawList(list));
    }
    state.answered = Date.now() / 1000;
    show($("gone"), false);
    show($("token"), false);
  } catch (error) {
    failed(error);
  }
  show($("loading"), false);
}

function failed(error) {
  if (!(error instanceof Refusal)) throw error;
  show($("token"), error.status === 401);
  if (error.status === 401) return;
  const words = error.status === 404 ? word("not_found") : error.status ? error.message : word("gone", { time: state.answered ? time(state.answered) : "–" });
  setText($("gone"), words);
  show($("gone"), true);
}

function drawWords() {
  for (const element of document.querySelectorAll("[data-case]")) setText(element, word(element.dataset.case));
  for (const element of document.querySelectorAll("[data-say]")) setText(element, say(element.dataset.say));
  $("languages").setAttribute("aria-label", say("language"));
  for (const button of $("languages").children) button.setAttribute("aria-pressed", String(button.lang === language()));
  document.title = `OpenHall · ${word("title")}`;
}

function start() {
  startLanguage();
  $("languages").replaceChildren(
    ...Object.entries(LANGUAGES).map(([code, name]) =>
      el("button", { type: "button", lang: code, onclick: () => { setLanguage(code, true); drawWords(); poll(); } }, name),
    ),
  );
  drawWords();
  show($("loading"), true);
  $("token").addEventListener("submit", (event) => {
    event.preventDefault();
    begin($("token-word").value.trim())
      .then((known) => {
        setText($("token-wrong"), known ? "" : say("token_wrong"));
        return poll();
      })
      .catch((error) => setText($("token-wrong"), error.message));
  });
  const run = async () => {
    for (;;) {
      if (!document.hidden) await poll();
      await new Promise((next) => setTimeout(next, POLL_MS));
    }
  };
  run();
}

start();
