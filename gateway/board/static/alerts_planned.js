// Work that is planned ahead: what rises there meanwhile is listed and told to nobody. Calls for help pass through.

import * as api from "./api.js";
import { moment, tell } from "./alert_words.js";
import { el, setText } from "./dom.js";
import { language } from "./words.js";

const SHOWN = 50;

export class Planned {
  /** `refresh()` asks and draws everything anew. */
  constructor(me, refresh) {
    this.me = me;
    this.refresh = refresh;
    this.windows = [];
    this.sites = [];
    this.said = el("p", { role: "status", class: "said" });
    this.list = el("ul", { class: "plain" });
    this.form = this.#form();
    const section = (key, ...children) => el("section", { class: "own" }, el("h3", { "data-tell": key }), ...children);
    this.root = el(
      "div",
      {},
      section("planned_list", this.list),
      section("planned_new", el("p", { "data-tell": "planned_text" }), this.form, this.said),
    );
  }

  async load() {
    this.windows = [...(await api.configuredWindows()), ...(await api.windows())];
    if (!this.sites.length) this.sites = await api.sites();
  }

  draw(now) {
    for (const element of this.root.querySelectorAll("[data-tell]")) setText(element, tell(element.dataset.tell));
    const sites = JSON.stringify([this.sites.map((site) => site.title), language()]);
    if (sites !== this.drawnSites) {
      this.drawnSites = sites;
      const chosen = this.site.value;
      this.site.replaceChildren(
        el("option", { value: "" }, tell("planned_choose")),
        ...this.sites.map((site) => el("option", { value: site.site }, site.title)),
      );
      this.site.value = chosen;
    }
    const items = [...this.windows].reverse().slice(0, SHOWN);
    const text = JSON.stringify([items, language(), items.map((one) => this.#lasts(one, now)), sites]);
    if (text === this.drawn) return;
    this.drawn = text;
    this.list.replaceChildren(
      ...(items.length ? items.map((one) => this.#item(one, now)) : [el("li", {}, tell("planned_none"))]),
    );
  }

  #lasts(one, now) {
    return one.ended === null && (one.until === null || one.until > now);
  }

  #item(one, now) {
    const title = this.sites.find((site) => site.site === one.site)?.title ?? one.site ?? one.region;
    const where = [title, one.room, one.point].filter(Boolean).join(" · ");
    const until = one.until === null ? tell("planned_open") : moment(one.until);
    const words = [tell("planned_window", { where, from: moment(one.from), until }), one.why];
    if (one.out_of_service) words.push(tell("planned_out"));
    if (!one.id) words.push(tell("planned_configured"));
    if (one.by) words.push(tell("change_who", { who: one.by }));
    if (one.ended !== null) words.push(tell("planned_ended", { time: moment(one.ended) }));
    const what = words.join(" · ");
    const end = el("button", {
      type: "button", class: "second", "aria-label": tell("planned_end_of", { what }), onclick: () => this.#end(one),
    }, tell("planned_end"));
    return el("li", {}, el("span", {}, what), one.id && this.#lasts(one, now) ? end : null);
  }

  #form() {
    const input = (id, type, more = {}) => el("input", { id, type, autocomplete: "off", ...more });
    const field = (key, one) => el("p", { class: "field" }, el("label", { for: one.id, "data-tell": key }), one);
    this.site = el("select", { id: "planned-site", required: true });
    this.room = input("planned-room", "text", { maxlength: 32, pattern: "[a-z0-9][a-z0-9\\-]*" });
    this.why = input("planned-why", "text", { maxlength: 200, required: true });
    this.from = input("planned-from", "datetime-local", { required: true });
    this.until = input("planned-until", "datetime-local", { required: true });
    return el(
      "form",
      { class: "hand", onsubmit: (event) => this.#plan(event) },
      field("planned_site", this.site), field("planned_room", this.room), field("planned_why", this.why),
      field("hand_from", this.from), field("hand_until", this.until),
      el("p", { class: "doing" }, el("button", { type: "submit", "data-tell": "planned_do" })),
    );
  }

  async #plan(event) {
    event.preventDefault();
    const at = (one) => new Date(one.value).getTime() / 1000;
    await this.#do(() => api.planWindow({
      site: this.site.value, room: this.room.value || null, why: this.why.value,
      from: at(this.from), until: at(this.until), by: this.me.word,
    }), () => this.form.reset());
  }

  async #end(one) {
    await this.#do(() => api.endWindow(one.id, this.me.word), () => {});
  }

  async #do(act, done) {
    try {
      await act();
      done();
      setText(this.said, tell("said_done"));
    } catch (error) {
      setText(this.said, tell("failed", { detail: error.message }));
    }
    await this.refresh();
  }
}
