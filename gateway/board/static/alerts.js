// Open alarms on the board: what, where, since when, who has it; a button takes it, another puts it aside.

import { el, keep, setText, show } from "./dom.js";
import { language } from "./words.js";

const POLL_MS = 5000;
const MOST = 50;
const HOUR_S = 3600;

const WORDS = {
  en: {
    heading: "Open alarms", have: "I have it", shelve: "Put aside for an hour", who: "Who are you?", why: "Why?",
    since: "since {time}", taken: "{who} has it", nobody: "nobody has it yet", returned: "over, nobody had it",
    shelved: "put aside until {time}", suppressed: "held back", out: "out of service", more: "and {n} more",
    failed: "This did not work: {detail}",
  },
  "zh-CN": {
    heading: "未关闭的报警", have: "我来处理", shelve: "搁置一小时", who: "您是谁？", why: "原因？",
    since: "自 {time}", taken: "{who} 正在处理", nobody: "尚无人处理", returned: "已恢复，未确认",
    shelved: "搁置至 {time}", suppressed: "已抑制", out: "停用", more: "另有 {n} 条",
    failed: "操作未成功：{detail}",
  },
};

const say = (key, values = {}) =>
  (WORDS[language()] ?? WORDS.en)[key].replace(/\{(\w+)\}/g, (_all, name) => values[name] ?? "");
const time = (unix) =>
  new Date(unix * 1000).toLocaleString(language(), { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });

const root = document.getElementById("alarms");
const heading = el("h2");
const list = el("div", { class: "alarms" });
const rest = el("p");
const made = new Map();
root.append(heading, list, rest);

async function ask(path, body) {
  const headers = { Accept: "application/json", "Accept-Language": language() };
  const token = sessionStorage.getItem("openhall-token");
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body) headers["Content-Type"] = "application/json";
  const answer = await fetch(path, {
    method: body ? "POST" : "GET",
    headers,
    cache: "no-store",
    body: body ? JSON.stringify(body) : undefined,
    signal: AbortSignal.timeout(8000),
  });
  const found = await answer.json();
  if (!answer.ok) throw new Error(found.detail ?? found.title);
  return found;
}

function stateWords(alert) {
  switch (alert.state) {
    case "acknowledged": return say("taken", { who: alert.acknowledged_by });
    case "returned-unacknowledged": return say("returned");
    case "shelved": return say("shelved", { time: time(alert.shelved_until) });
    case "suppressed": return say("suppressed");
    case "out-of-service": return say("out");
    default: return say("nobody");
  }
}

async function act(alert, verb, body) {
  try {
    await ask(`/api/v1/alerts/${alert.id}/${verb}`, body);
  } catch (error) {
    window.alert(say("failed", { detail: error.message }));
  }
  await poll();
}

function me() {
  const name = window.prompt(say("who"), sessionStorage.getItem("openhall-name") ?? "")?.trim();
  if (name) sessionStorage.setItem("openhall-name", name);
  return name;
}

function make(alert) {
  const part = { title: el("h3"), where: el("p"), advice: el("p"), state: el("p", { class: "state" }) };
  part.have = el("button", {
    type: "button",
    onclick: () => {
      const by = me();
      if (by) act(part.alert, "acknowledge", { by });
    },
  });
  part.shelve = el("button", {
    type: "button",
    onclick: () => {
      const by = me();
      const reason = by && window.prompt(say("why"))?.trim();
      if (reason) act(part.alert, "shelve", { by, reason, for_s: HOUR_S });
    },
  });
  const doing = el("div", { class: "doing" }, part.have, part.shelve);
  part.root = el("section", { class: `alarm is-${alert.severity}` }, part.title, part.where, part.advice, part.state, doing);
  return part;
}

function change(part, alert) {
  part.alert = alert;
  const where = [...new Set([alert.site ?? alert.region, alert.room, alert.point].filter(Boolean))].join(" · ");
  setText(part.title, alert.message);
  setText(part.where, `${where}, ${say("since", { time: time(alert.since) })}`);
  setText(part.advice, alert.advice);
  setText(part.state, stateWords(alert));
  setText(part.have, say("have"));
  setText(part.shelve, say("shelve"));
  show(part.have, ["unacknowledged", "returned-unacknowledged"].includes(alert.state));
  show(part.shelve, alert.severity !== "emergency" && ["unacknowledged", "acknowledged"].includes(alert.state));
}

async function poll() {
  let found;
  try {
    found = (await ask("/api/v1/alerts?limit=1000")).alerts;
  } catch {
    return; // The board above says when the gateway is gone, or when it wants a token.
  }
  const rank = ["emergency", "critical", "warning", "info"];
  found.sort((a, b) => rank.indexOf(a.severity) - rank.indexOf(b.severity) || b.since - a.since);
  setText(heading, say("heading"));
  keep(list, made, found.slice(0, MOST), (alert) => alert.id, make, change);
  setText(rest, say("more", { n: found.length - MOST }));
  show(rest, found.length > MOST);
  show(root, found.length > 0);
}

async function run() {
  for (;;) {
    if (!document.hidden) await poll();
    await new Promise((next) => setTimeout(next, POLL_MS));
  }
}

run();
