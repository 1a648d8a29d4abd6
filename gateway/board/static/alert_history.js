// What happened to one alarm, and who was told what, when and how far it came.

import * as api from "./api.js";
import { el, setText, show } from "./dom.js";
import { exactly, moment, tell } from "./alert_words.js";

function changeItem(change) {
  const words = [change.words];
  if (change.who) words.push(tell("change_who", { who: change.who }));
  if (change.until) words.push(tell("change_until", { time: moment(change.until) }));
  if (change.note) words.push(change.note);
  return el("li", {}, el("time", { datetime: new Date(change.time * 1000).toISOString() }, exactly(change.time)), ` ${words.join(" · ")}`);
}

function steps(notice) {
  const found = [notice.stage_words];
  if (notice.channel) found.push(tell("notice_by", { channel: notice.channel }));
  if (notice.sent === null) {
    found.push(tell("notice_queued", { time: exactly(notice.queued) }));
    if (notice.attempts > 1) found.push(tell("notice_tries", { n: notice.attempts }));
  } else {
    found.push(tell("notice_sent", { time: exactly(notice.sent) }));
    found.push(notice.delivered === null ? tell("notice_undelivered") : tell("notice_delivered", { time: exactly(notice.delivered) }));
    found.push(notice.read === null ? tell("notice_unread") : tell("notice_read", { time: exactly(notice.read) }));
  }
  if (notice.detail) found.push(notice.detail);
  return found;
}

function noticeItem(notice) {
  const list = el("ul", { class: "steps" }, ...steps(notice).map((words) => el("li", {}, words)));
  return el("li", { class: `notice-${notice.stage}` }, el("strong", {}, notice.name), ` · ${notice.words}`, list);
}

export class History {
  constructor(id) {
    this.id = id;
    this.drawn = "";
    this.happenedTitle = el("h4");
    this.happened = el("ol", { class: "events" });
    this.toldTitle = el("h4");
    this.told = el("ol", { class: "events" });
    this.nobody = el("p");
    this.wrong = el("p", { class: "wrong" });
    this.root = el("div", { class: "history", hidden: true }, this.wrong, this.happenedTitle, this.happened, this.toldTitle, this.told, this.nobody);
  }

  get isOpen() {
    return !this.root.hidden;
  }

  async refresh() {
    let found;
    try {
      found = await api.alertHistory(this.id);
    } catch (error) {
      setText(this.wrong, tell("history_failed", { detail: error.message }));
      return;
    }
    setText(this.wrong, "");
    setText(this.happenedTitle, tell("happened"));
    setText(this.toldTitle, tell("told"));
    setText(this.nobody, tell("nobody_told"));
    show(this.nobody, found.told.length === 0);
    const text = JSON.stringify(found);
    if (text === this.drawn) return; // A reader in the middle of it is left in peace.
    this.drawn = text;
    this.happened.replaceChildren(...found.changes.map(changeItem));
    this.told.replaceChildren(...found.told.map(noticeItem));
  }
}
