// One live value: what it is, how much, where it stands, how old it is.

import { el, setClass, setText, show } from "./dom.js";
import { age, number } from "./format.js";
import { SIGNS, STALE_S, guideSource, guideWords, levelOf, levelWord } from "./levels.js";
import { say } from "./words.js";

export class Tile {
  constructor() {
    this.name = el("dt");
    this.amount = el("span", { class: "amount" });
    this.unit = el("span", { class: "unit" });
    this.sign = el("span", { class: "sign", "aria-hidden": "true" });
    this.word = el("span", { class: "word" });
    this.verdict = el("span", { class: "verdict" }, this.sign, this.word);
    this.guide = el("span", { class: "tile-guide" });
    this.age = el("span", { class: "age" });
    this.root = el(
      "div",
      {},
      this.name,
      el("dd", {}, el("span", { class: "value" }, this.amount, " ", this.unit), this.verdict, this.guide, this.age),
    );
  }

  /** `live`: the server's {value, unit, time, age_s, quality}; `waited`: seconds since it answered. */
  update(quantity, live, waited) {
    const seconds = live.age_s + waited;
    const level = levelOf(live.value, quantity.guide);
    const state = live.quality === "suspect" ? "suspect" : seconds > STALE_S ? "stale" : level;
    setClass(this.root, `tile ${quantity.quantity === "co2_ppm" ? "tile-wide" : ""} is-${state ?? "plain"}`);
    setText(this.name, quantity.title);
    setText(this.amount, number(live.value, quantity.decimals));
    setText(this.unit, quantity.display_unit);
    show(this.verdict, state !== null);
    if (state !== null) {
      setText(this.sign, SIGNS[state]);
      setText(this.word, state === "suspect" || state === "stale" ? say(state) : levelWord(quantity.quantity, state));
      this.verdict.title = state === "suspect" ? say("suspect_hint") : "";
    }
    show(this.guide, Boolean(quantity.guide));
    if (quantity.guide) {
      setText(this.guide, guideWords(quantity, quantity.guide));
      this.guide.title = guideSource(quantity.guide);
    }
    setText(this.age, age(seconds));
  }
}
