// Open alarms on the board of branches; the page of alerts has them all, with past ones and one's own.

import * as api from "./api.js";
import { AlertCard, inOrder } from "./alert_card.js";
import { Me } from "./alert_me.js";
import { tell } from "./alert_words.js";
import { el, keep, setText, show } from "./dom.js";

const POLL_MS = 5000;
const MOST = 10;

const root = document.getElementById("alarms");
const heading = el("h2");
const list = el("ul", { class: "alarms" });
const all = el("a", { href: "/alerts" });
const made = new Map();
const me = new Me();
root.append(heading, list, el("p", { class: "all" }, all));

async function poll() {
  let found;
  try {
    if (!me.known) await me.load();
    found = inOrder(await api.newestAlerts());
  } catch {
    return; // The board above says when the gateway is gone, or when it wants a token.
  }
  const now = Date.now() / 1000;
  setText(heading, `${tell("heading_board")} (${found.length})`);
  setText(all, tell("all"));
  const make = (alert) => new AlertCard(alert, me, poll);
  keep(list, made, found.slice(0, MOST), (alert) => alert.id, make, (card, alert) => card.change(alert, now));
  show(list, found.length > 0);
  show(heading, found.length > 0);
  show(root, true);
}

async function run() {
  for (;;) {
    const began = performance.now();
    if (!document.hidden) await poll();
    // Never more than a tenth of the time in questions, however many alarms there are.
    const pause = Math.max(POLL_MS, (performance.now() - began) * 10);
    await new Promise((next) => setTimeout(next, pause));
  }
}

run();
