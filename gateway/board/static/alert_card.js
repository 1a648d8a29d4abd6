// One alarm: what, where, since when, who has it; taking it, putting it aside, its history.

import * as api from "./api.js";
import { askFor } from "./alert_dialog.js";
import { History } from "./alert_history.js";
import { moment, tell } from "./alert_words.js";
import { el, setClass, setText, show } from "./dom.js";
import { age } from "./format.js";

const RANK = ["emergency", "critical", "warning", "info"];
const ASKS = ["unacknowledged", "returned-unacknowledged"];
const HELD = ["shelved", "suppressed", "out-of-service"];
const INCIDENTS = {
  due: "incident_due",
  missed: "incident_missed",
  "in-time": "incident_in_time",
  late: "incident_late",
  false: "incident_false",
};
const TIMES = [[3600, "hour"], [14400, "hours4"], [86400, "day"], [259200, "days3"], [604800, "days7"]];

/** What nobody has first, what is held back last; within that the graver, then the newer. */
export function inOrder(alerts) {
  const group = (alert) => (alert.state === "unacknowledged" ? 0 : HELD.includes(alert.state) ? 2 : 1);
  return [...alerts].sort(
    (a, b) => group(a) - group(b) || RANK.indexOf(a.severity) - RANK.indexOf(b.severity) || b.since - a.since,
  );
}

export const isNobodys = (alert) => ASKS.includes(alert.state);

function stateWords(alert) {
  const why = alert.held_back ?? "";
  switch (alert.state) {
    case "acknowledged":
      return tell("state_taken", { who: alert.acknowledged_by, time: moment(alert.acknowledged) });
    case "returned-unacknowledged":
      return tell("state_returned", { time: moment(alert.returned) });
    case "shelved":
      return tell("state_shelved", { time: moment(alert.shelved_until), who: alert.shelved_by, why });
    case "suppressed":
      return tell("state_suppressed", { why });
    case "out-of-service":
      return tell("state_out", { why });
    case "normal":
      return tell(alert.acknowledged_by ? "state_ended_by" : "state_ended", {
        time: moment(alert.ended),
        who: alert.acknowledged_by,
      });
    default:
      return tell("state_nobody");
  }
}

export class AlertCard {
  /** `me` says who acts; `done()` is called after something was done. */
  constructor(alert, me, done) {
    this.me = me;
    this.done = done;
    this.severity = el("span", { class: "severity" });
    this.simulated = el("span", { class: "badge" });
    this.title = el("h3", { tabindex: "-1" });
    this.where = el("p");
    this.since = el("p");
    this.advice = el("p");
    this.state = el("p", { class: "state" });
    this.incident = el("p", { class: "incident" });
    this.report = el("button", { type: "button", class: "second", onclick: () => this.#report() });
    this.have = el("button", { type: "button", onclick: () => this.#take() });
    this.shelve = el("button", { type: "button", class: "second", onclick: () => this.#putAside() });
    this.unshelve = el("button", { type: "button", class: "second", onclick: () => this.#takeBack() });
    this.more = el("button", { type: "button", class: "second", "aria-expanded": "false", onclick: () => this.#open() });
    this.doing = el("div", { class: "doing" }, this.have, this.shelve, this.unshelve, this.report, this.more);
    this.history = new History(alert.id);
    this.root = el(
      "li",
      { class: "alarm" },
      el("p", { class: "marks" }, this.severity, this.simulated),
      this.title, this.where, this.since, this.advice, this.incident, this.state, this.doing, this.history.root,
    );
  }

  change(alert, now) {
    this.alert = alert;
    const ended = alert.state === "normal";
    setClass(this.root, `alarm is-${alert.severity}${isNobodys(alert) ? " is-nobodys" : ""}`);
    setText(this.severity, tell(`severity_${alert.severity}`));
    setText(this.simulated, tell("simulated"));
    show(this.simulated, alert.simulated);
    setText(this.title, alert.message);
    setText(this.where, alert.where);
    setText(
      this.since,
      ended
        ? tell("from_to", { from: moment(alert.since), to: moment(alert.ended) })
        : tell("since", { time: moment(alert.since), age: age(Math.max(0, now - alert.since)) }),
    );
    setText(this.advice, alert.advice);
    show(this.advice, alert.advice !== "");
    setText(this.state, stateWords(alert));
    this.#button(this.have, "have", isNobodys(alert));
    this.#button(this.shelve, "shelve", alert.severity !== "emergency" && ["unacknowledged", "acknowledged"].includes(alert.state));
    this.#button(this.unshelve, "unshelve", alert.state === "shelved");
    this.#button(this.report, "report", alert.incident !== null);
    this.#button(this.more, "history", true);
    show(this.incident, alert.incident !== null);
    if (alert.incident) {
      const { grade, due, standing } = alert.incident;
      setText(this.incident, tell(INCIDENTS[standing], { grade, time: moment(due) }));
    }
    if (this.history.isOpen) this.history.refresh();
  }

  #button(button, key, visible) {
    setText(button, tell(key));
    const label = tell(`${key}_of`, { what: `${this.alert.message}, ${this.alert.where}` });
    if (button.getAttribute("aria-label") !== label) button.setAttribute("aria-label", label);
    show(button, visible);
  }

  async #open() {
    const open = this.history.root.hidden;
    this.more.setAttribute("aria-expanded", String(open));
    show(this.history.root, open);
    if (open) await this.history.refresh();
  }

  async #take() {
    const { alert, me } = this;
    await this.#ask({
      title: tell("have_title"),
      text: tell("have_text"),
      fields: me.fields(),
      button: tell("have"),
      act: (values) => api.acknowledge(alert.id, me.take(values)),
    });
  }

  async #putAside() {
    const { alert, me } = this;
    const times = TIMES.map(([seconds, key]) => [String(seconds), tell(key)]);
    await this.#ask({
      title: tell("shelve_title"),
      text: tell("shelve_text"),
      fields: [
        ...me.fields(),
        { name: "reason", label: tell("shelve_why"), kind: "text", required: true, most: 500 },
        { name: "time", label: tell("shelve_for"), kind: "select", value: "3600", options: [...times, ["until", tell("until_time")]] },
        { name: "until", label: tell("shelve_until"), kind: "datetime-local", required: true, when: (values) => values.time === "until" },
      ],
      button: tell("shelve_do"),
      act: (values) => {
        const end = values.time === "until" ? { until: new Date(values.until).getTime() / 1000 } : { for_s: Number(values.time) };
        return api.shelve(alert.id, { by: me.take(values), reason: values.reason, ...end });
      },
    });
  }

  async #takeBack() {
    const { alert, me } = this;
    await this.#ask({
      title: tell("unshelve_title"),
      text: tell("unshelve_text"),
      fields: me.fields(),
      button: tell("unshelve"),
      act: (values) => api.unshelve(alert.id, { by: me.take(values) }),
    });
  }

  async #report() {
    const { alert, me } = this;
    await this.#ask({
      title: tell("report_title"),
      text: tell("report_text"),
      fields: [
        ...me.fields(),
        { name: "kind", label: tell("report_kind"), kind: "select", value: "done", options: [["done", tell("report_done")], ["false", tell("report_false")]] },
        { name: "note", label: tell("report_note"), kind: "text", most: 500 },
      ],
      button: tell("report_do"),
      act: (values) => api.report(alert.id, { by: me.take(values), note: values.note, false: values.kind === "false" }),
    });
  }

  async #ask(words) {
    const what = `${this.alert.message} · ${this.alert.where}`;
    if (!(await askFor({ ...words, what }))) return;
    await this.done();
    // The button that was pressed may be gone; whoever uses a keyboard goes on from the alarm.
    if (this.root.isConnected) this.title.focus();
  }
}
