// What concerns one person: their open alarms, what they are told of, their turns, handing over for a holiday.

import * as api from "./api.js";
import { AlertCard, inOrder } from "./alert_card.js";
import { moment, tell } from "./alert_words.js";
import { el, keep, setText, show } from "./dom.js";
import { language } from "./words.js";

const PARTS = {
  responsible: "part_responsible",
  deputy: "part_deputy",
  after_hours: "part_after_hours",
  contact: "part_contact",
  region: "part_region",
  city: "part_city",
  rota: "part_rota",
};
const SHOWN = 200;

function day(text) {
  // A day has no zone: noon of UTC shown in UTC is that day everywhere.
  return new Intl.DateTimeFormat(language(), { weekday: "short", month: "short", day: "numeric", timeZone: "UTC" }).format(
    new Date(`${text}T12:00:00Z`),
  );
}

export class Mine {
  /** `refresh()` asks and draws everything anew. */
  constructor(me, refresh) {
    this.me = me;
    this.refresh = refresh;
    this.found = null;
    this.cards = new Map();
    this.titles = new Titles();
    this.none = el("p", { class: "quiet" });
    this.alerts = el("ul", { class: "alarms" });
    this.noAlerts = el("p", { class: "quiet" });
    this.parts = el("ul", { class: "plain" });
    this.turns = el("ul", { class: "plain" });
    this.given = el("ul", { class: "plain" });
    this.said = el("p", { role: "status", class: "said" });
    this.form = this.#form();
    this.content = el(
      "div",
      {},
      this.#section("my_alerts", this.noAlerts, this.alerts),
      this.#section("my_rota", this.turns),
      this.#section("my_parts", this.parts),
      this.#section("my_hand_over", el("p", { "data-tell": "hand_text" }), this.form, this.said),
      this.#section("my_hand_overs", this.given),
    );
    this.root = el("div", {}, this.none, this.content);
  }

  async load() {
    const who = this.me.person;
    if (!who) {
      this.found = null;
      return;
    }
    const [alerts, person, rota, handOvers] = await Promise.all([
      api.alertsOf(who), api.person(who), api.rota(who), api.handOvers(who),
    ]);
    this.found = { who, alerts: inOrder(alerts.alerts), parts: person.parts, turns: rota.turns, handOvers };
    await this.titles.load();
  }

  draw(now) {
    show(this.content, this.found !== null);
    show(this.none, this.found === null);
    setText(this.none, tell(this.me.people.length ? "choose_first" : "nobody_configured"));
    for (const element of this.root.querySelectorAll("[data-tell]")) setText(element, tell(element.dataset.tell));
    if (this.found === null) return;
    const { alerts, parts, turns, handOvers } = this.found;
    const make = (alert) => new AlertCard(alert, this.me, this.refresh);
    keep(this.alerts, this.cards, alerts, (alert) => alert.id, make, (card, alert) => card.change(alert, now));
    setText(this.noAlerts, tell("nothing_mine"));
    show(this.noAlerts, alerts.length === 0);
    lines(this.parts, parts.map((part) => tell(PARTS[part.role], { place: this.#place(part) })), "no_parts");
    lines(this.turns, turns.map((turn) => this.#turn(turn)), "no_turns");
    this.#drawHandOvers(handOvers, now);
    this.#drawPeople();
  }

  #section(key, ...children) {
    return el("section", { class: "own" }, el("h3", { "data-tell": key }), ...children);
  }

  #place(part) {
    return part.site ? this.titles.of(part.site) : (part.region ?? "");
  }

  #turn(turn) {
    const names = { first: day(turn.first), last: day(turn.last), place: this.#place(turn) };
    if (turn.person === turn.named) return tell("turn", names);
    if (turn.named === this.found.who) return tell("turn_given", { ...names, who: turn.name });
    return tell("turn_taken", { ...names, who: turn.named_name });
  }

  #drawHandOvers(all, now) {
    const items = [...all].reverse().slice(0, 50);
    const text = JSON.stringify([items, language(), items.map((one) => one.until > now)]);
    if (text === this.drawnHandOvers) return;
    this.drawnHandOvers = text;
    this.given.replaceChildren(...(items.length ? items.map((one) => this.#handOver(one, now)) : [el("li", {}, tell("no_hand_overs"))]));
  }

  #handOver(one, now) {
    const isGiven = one.person === this.found.who;
    const names = { from: moment(one.from), until: moment(one.until), who: isGiven ? one.stands_in_name : one.name };
    const words = [tell(isGiven ? "hand_given" : "hand_taken", names)];
    if (one.why) words.push(one.why);
    if (one.ended !== null) words.push(tell("hand_ended", { time: moment(one.ended) }));
    else if (one.until <= now) words.push(tell("hand_over_past"));
    const what = words.join(" · ");
    const back = el("button", {
      type: "button", class: "second", "aria-label": tell("hand_back_of", { what }), onclick: () => this.#takeBack(one),
    }, tell("hand_back"));
    return el("li", {}, el("span", {}, what), isGiven && one.ended === null && one.until > now ? back : null);
  }

  async #takeBack(one) {
    try {
      await api.takeBack(one.id, this.me.word);
      setText(this.said, tell("said_done"));
    } catch (error) {
      setText(this.said, tell("failed", { detail: error.message }));
    }
    await this.refresh();
  }

  #form() {
    this.from = el("input", { id: "hand-from", type: "datetime-local", required: true });
    this.until = el("input", { id: "hand-until", type: "datetime-local", required: true });
    this.to = el("select", { id: "hand-to", required: true });
    this.why = el("input", { id: "hand-why", type: "text", maxlength: 200, autocomplete: "off" });
    const field = (key, input) => el("p", { class: "field" }, el("label", { for: input.id, "data-tell": key }), input);
    return el(
      "form",
      { class: "hand", onsubmit: (event) => this.#handOverNow(event) },
      field("hand_from", this.from), field("hand_until", this.until), field("hand_to", this.to), field("hand_why", this.why),
      el("p", { class: "doing" }, el("button", { type: "submit", "data-tell": "hand_do" })),
    );
  }

  #drawPeople() {
    const others = this.me.people.filter((one) => one.person !== this.found.who);
    const text = JSON.stringify([others, language()]);
    if (text === this.drawnPeople) return;
    this.drawnPeople = text;
    const chosen = this.to.value;
    this.to.replaceChildren(
      el("option", { value: "" }, tell("hand_choose")),
      ...others.map((one) => el("option", { value: one.person }, one.name)),
    );
    this.to.value = others.some((one) => one.person === chosen) ? chosen : "";
  }

  async #handOverNow(event) {
    event.preventDefault();
    const at = (input) => new Date(input.value).getTime() / 1000;
    const wish = { person: this.found.who, stands_in: this.to.value, from: at(this.from), until: at(this.until), why: this.why.value, by: this.me.word };
    try {
      const made = await api.handOver(wish);
      setText(this.said, tell("hand_done", { who: made.stands_in_name, from: moment(made.from), until: moment(made.until) }));
      this.form.reset();
    } catch (error) {
      setText(this.said, tell("failed", { detail: error.message }));
    }
    await this.refresh();
  }
}

function lines(list, texts, noneKey) {
  const wanted = texts.length ? texts.slice(0, SHOWN) : [tell(noneKey)];
  const drawn = [...list.children].map((child) => child.textContent);
  if (JSON.stringify(drawn) !== JSON.stringify(wanted)) list.replaceChildren(...wanted.map((text) => el("li", {}, text)));
}

/** Titles of branches, asked once; the id until they are there. */
class Titles {
  constructor() {
    this.map = null;
  }

  async load() {
    this.map ??= new Map((await api.sites()).map((site) => [site.site, site.title]));
  }

  of(site) {
    return this.map?.get(site) ?? site;
  }
}
