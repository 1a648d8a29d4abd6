// What a screen reader is told: changes that matter, never every value.

import { number } from "./format.js";
import { levelOf, levelWord } from "./levels.js";
import { say } from "./words.js";

const before = { gone: false, online: new Map(), levels: new Map() };

/** One sentence a change since the last call, null if nothing changed; a first sight is no change. */
export function watchChanges(state) {
  const said = [];
  const gone = state.goneSince !== null;
  if (gone !== before.gone) said.push(say(gone ? "said_gone" : "said_back"));
  before.gone = gone;
  for (const site of state.sites ?? []) {
    const was = before.online.get(site.site);
    if (was !== undefined && was !== site.online) said.push(say(site.online ? "said_online" : "said_offline", { site: site.title }));
    before.online.set(site.site, site.online);
  }
  for (const card of state.cards.values()) {
    for (const point of card.points ?? []) said.push(...levelChanges(card.site, point, state.quantities));
  }
  return said.length ? said.slice(0, 5).join(" ") : null;
}

function levelChanges(site, point, quantities) {
  const said = [];
  for (const [name, live] of Object.entries(point.values)) {
    const quantity = quantities.get(name);
    if (!quantity || live.quality !== "good") continue;
    const level = levelOf(live.value, quantity.guide);
    const key = `${site.site}/${point.point}/${name}`;
    const was = before.levels.get(key);
    before.levels.set(key, level);
    if (was === undefined || was === level || level === null) continue;
    const names = { site: site.title, title: quantity.title, unit: quantity.display_unit };
    said.push(say("said_level", { ...names, value: number(live.value, quantity.decimals), word: levelWord(name, level) }));
  }
  return said;
}
