// One branch: who it is, whether it is heard, its live values by point, its working order, its curve.

import { Curve } from "./curve.js";
import { el, keep, setClass, setText, show } from "./dom.js";
import { age } from "./format.js";
import { asksForSomebody, isCalling, needsHelp, worstOf } from "./levels.js";
import { Tile } from "./tile.js";
import { knows, say } from "./words.js";

class AirPoint {
  constructor() {
    this.title = el("h3");
    this.part = el("span", { class: "part" });
    this.badge = el("span", { class: "badge" });
    this.fault = el("p", { class: "sensor-fault is-high" });
    this.tiles = el("dl", { class: "tiles" });
    this.made = new Map();
    const head = el("div", { class: "point-head" }, this.title, this.part, this.badge);
    this.root = el("section", { class: "point" }, head, this.fault, this.tiles);
  }

  update(point, quantities, waited) {
    setText(this.title, say("room", { room: point.room || point.point }));
    setText(this.part, [point.point, point.part].filter(Boolean).join(" · "));
    show(this.badge, point.simulated);
    setText(this.badge, say("simulated"));
    this.badge.title = say("simulated_hint");
    show(this.fault, point.working === false);
    setText(this.fault, [`▲ ${say("sensor_fault")}`, point.reason].filter(Boolean).join(": "));
    const live = [...quantities.values()].filter((quantity) => quantity.quantity in point.values);
    keep(
      this.tiles,
      this.made,
      live,
      (quantity) => quantity.quantity,
      () => new Tile(),
      (tile, quantity) => tile.update(quantity, point.values[quantity.quantity], waited),
    );
  }
}

class Facility {
  constructor() {
    this.name = el("span", { class: "facility-name" });
    this.word = el("span", { class: "verdict" });
    this.reason = el("span", { class: "facility-reason" });
    this.root = el("li", {}, this.name, this.word, this.reason);
  }

  update(point) {
    setText(this.name, [point.point, point.room].filter(Boolean).join(" · "));
    const bad = needsHelp(point);
    const state = knows(`state_${point.state}`) ? say(`state_${point.state}`) : point.state;
    const verdict = isCalling(point) ? say("calling") : point.working === false ? say("fault") : bad ? state : say("works");
    setClass(this.root, bad ? "is-high" : "is-fine");
    setText(this.word, `${bad ? "▲" : "✓"} ${verdict}`);
    setText(this.reason, [verdict === state ? "" : state, point.reason].filter(Boolean).join(": "));
  }
}

export class Card {
  constructor(site, onChoice) {
    this.site = site;
    this.points = null;
    this.fetched = 0;
    this.key = `site-${site.site}`;
    this.title = el("h2", { id: this.key });
    this.place = el("p", { class: "place" });
    this.pill = el("p", { class: "pill" });
    this.note = el("p", { class: "card-note" });
    this.air = el("div");
    this.airMade = new Map();
    this.facilities = el("ul", { class: "facilities" });
    this.facilityMade = new Map();
    this.choice = el("select", { id: `${this.key}-choice`, onchange: () => this.choose(onChoice) });
    this.choiceLabel = el("label", { for: `${this.key}-choice`, class: "hidden-words" });
    this.curveTitle = el("h3");
    this.curve = new Curve();
    this.curveBox = el("section", { class: "curve-section" }, el("div", { class: "point-head" }, this.curveTitle, this.choiceLabel, this.choice), this.curve.root);
    this.root = el(
      "article",
      { class: "card", "aria-labelledby": this.key },
      el("header", {}, el("div", {}, this.title, this.place), this.pill),
      this.note,
      this.air,
      this.facilities,
      this.curveBox,
    );
    this.root.card = this;
    this.chosen = null;
    this.rows = new Map();
  }

  gone() {
    this.curve.watch.disconnect();
  }

  choose(onChoice) {
    this.chosen = this.choice.value;
    this.rows = new Map();
    this.curve.message(say("curve_loading"));
    onChoice(this);
  }

  setPoints(points, now) {
    this.points = points;
    this.fetched = now;
  }

  attention(quantities) {
    return asksForSomebody(worstOf(this.site, this.points ?? [], quantities));
  }

  /** What the curve shows now: [point, quantity], null if the branch has measured nothing. */
  get series() {
    return this.chosen ? this.chosen.split("/") : null;
  }

  update(site, quantities, now) {
    this.site = site;
    setText(this.title, site.title);
    setText(this.place, `${site.site} · ${say("region", { region: site.region })}`);
    const heard = site.last_seen === null ? null : age(Math.max(0, site.age_s + (now - site.fetched)));
    const words = site.online ? say("online") : heard === null ? say("never_heard") : say("offline_since", { age: heard });
    setText(this.pill, `${site.online ? "●" : "○"} ${words}`);
    setClass(this.pill, `pill ${site.online ? "is-online" : "is-offline"}`);
    setClass(this.root, `card card-${worstOf(site, this.points ?? [], quantities) ?? "plain"}`);
    const measures = (point) => Object.keys(point.values).length > 0;
    // A sensor tells of its own fault under its own point, as a state of kind `sensor`.
    const isSensor = (point) => point.kind === "air" || point.kind === "sensor";
    const air = (this.points ?? []).filter((point) => measures(point) || (isSensor(point) && point.working === false));
    const other = (this.points ?? []).filter((point) => !isSensor(point) && !measures(point) && point.state !== null);
    const empty = this.points !== null && !air.length && !other.length;
    show(this.note, !site.online || empty);
    setText(this.note, empty ? say("no_points") : say("offline_note"));
    const waited = now - this.fetched;
    keep(this.air, this.airMade, air, (point) => point.point, () => new AirPoint(), (part, point) => part.update(point, quantities, waited));
    keep(this.facilities, this.facilityMade, other, (point) => point.point, () => new Facility(), (part, point) => part.update(point));
    show(this.facilities, other.length > 0);
    show(this.curveBox, air.some(measures));
    this.offer(air, quantities);
  }

  offer(air, quantities) {
    setText(this.curveTitle, say("curve_of"));
    setText(this.choiceLabel, say("curve_choice"));
    const options = [...quantities.values()].flatMap((quantity) =>
      air
        .filter((point) => quantity.quantity in point.values)
        .map((point) => [`${point.point}/${quantity.quantity}`, air.length > 1 ? `${quantity.title} · ${point.point}` : quantity.title]),
    );
    const print = JSON.stringify(options);
    if (print !== this.offered) {
      this.offered = print;
      this.choice.replaceChildren(...options.map(([value, words]) => el("option", { value }, words)));
      if (!options.some(([value]) => value === this.chosen)) this.chosen = options[0]?.[0] ?? null;
      if (this.chosen) this.choice.value = this.chosen;
    }
  }
}
