// Who uses this page: the token's own person, else a name that is chosen once and remembered on this device.

import * as api from "./api.js";
import { el, setText, show } from "./dom.js";
import { tell } from "./alert_words.js";

const KEY = "openhall-me";
const OTHER = "?"; // no short name has such a letter

function remembered() {
  try {
    return localStorage.getItem(KEY) ?? "";
  } catch {
    return "";
  }
}

function remember(word) {
  try {
    localStorage.setItem(KEY, word);
  } catch {
    // A browser that keeps nothing asks again.
  }
}

/** `word` is a person's short name or any other name; "" while nobody was chosen. */
export class Me {
  constructor() {
    this.people = [];
    this.fixed = null;
    this.word = remembered();
    this.known = false;
    this.hasSession = false;
  }

  /** Whoever comes next says anew who they are. */
  forget() {
    this.fixed = null;
    this.known = false;
    this.hasSession = false;
    this.word = "";
    remember("");
  }

  async load() {
    const [me, people] = await Promise.all([api.me(), api.people()]);
    this.people = people;
    this.fixed = me.person;
    this.hasSession = me.program !== null;
    if (me.person) this.word = me.person;
    this.known = true;
  }

  /** The short name, null for a name that is nobody's of the configuration. */
  get person() {
    return this.people.some((one) => one.person === this.word) ? this.word : null;
  }

  get name() {
    return this.people.find((one) => one.person === this.word)?.name ?? this.word;
  }

  choose(word) {
    if (this.fixed) return;
    this.word = word;
    remember(word);
  }

  /** The fields with which a dialogue asks who somebody is; none where that is known. */
  fields() {
    if (this.fixed) return [];
    if (!this.people.length) return [{ name: "who", label: tell("me_name"), kind: "text", value: this.word, required: true, most: 100 }];
    const choice = this.person ?? (this.word ? OTHER : "");
    return [
      { name: "who", label: tell("me"), kind: "select", value: choice, required: true, options: this.options() },
      { name: "other", label: tell("me_name"), kind: "text", value: this.person ? "" : this.word, required: true, most: 100, when: (values) => values.who === OTHER },
    ];
  }

  options() {
    return [["", tell("me_nobody")], ...this.people.map((one) => [one.person, one.name]), [OTHER, tell("me_other")]];
  }

  /** Take what such a dialogue answered. */
  take(values) {
    if (!this.fixed) this.choose((values.who === OTHER ? values.other : values.who).trim());
    return this.word;
  }
}

/** The line above the views: who you are, and the choice. */
export class MeLine {
  constructor(me, changed, leave) {
    this.me = me;
    this.leave = el("button", { type: "button", class: "link", onclick: leave });
    this.words = el("p");
    this.label = el("label", { for: "me-choice" });
    this.select = el("select", {
      id: "me-choice",
      onchange: () => {
        me.choose(this.select.value);
        changed();
      },
    });
    this.choice = el("div", { class: "tool" }, this.label, this.select);
    this.root = el("div", { class: "me" }, this.words, this.choice, this.leave);
  }

  draw() {
    const { me } = this;
    show(this.root, me.known);
    show(this.words, me.fixed !== null);
    show(this.leave, me.hasSession);
    setText(this.leave, tell("leave"));
    show(this.choice, me.fixed === null && me.people.length > 0);
    if (me.fixed) setText(this.words, tell("me_token", { name: me.name }));
    setText(this.label, tell("me"));
    const options = me.options().filter(([value]) => value !== OTHER);
    if (me.word && !me.person) options.push([me.word, me.word]);
    const wanted = JSON.stringify(options);
    if (this.drawn !== wanted) {
      this.select.replaceChildren(...options.map(([value, words]) => el("option", { value }, words)));
      this.drawn = wanted;
    }
    this.select.value = me.word;
  }
}
