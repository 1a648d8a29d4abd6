// What a screen reader is told of alarms: what is new, taken or over; a call for help at once. A first sight is no change.

import { tell } from "./alert_words.js";

const MOST = 3;

export class Changes {
  constructor() {
    this.before = null;
  }

  /** One sentence a change since the last call, at most three of each kind; "" where nothing changed. */
  since(alerts) {
    const calm = [];
    const urgent = [];
    const after = new Map(alerts.map((alert) => [alert.id, alert]));
    if (this.before) {
      for (const alert of alerts) this.#one(alert, this.before.get(alert.id), calm, urgent);
      for (const [id, alert] of this.before) if (!after.has(id)) calm.push(tell("said_gone", words(alert)));
    }
    this.before = after;
    return { calm: calm.slice(0, MOST).join(" "), urgent: urgent.slice(0, MOST).join(" ") };
  }

  #one(alert, was, calm, urgent) {
    const isNew = !was || (was.state !== alert.state && alert.state === "unacknowledged");
    if (isNew && alert.state === "unacknowledged") {
      (alert.severity === "emergency" ? urgent : calm).push(tell("said_new", words(alert)));
    } else if (was && was.state !== alert.state && alert.state === "acknowledged") {
      calm.push(tell("said_taken", { ...words(alert), who: alert.acknowledged_by }));
    }
  }
}

const words = (alert) => ({ what: alert.message, where: alert.where });
