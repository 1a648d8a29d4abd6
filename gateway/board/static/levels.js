// Where a value stands against its guide, and the word for it.

import { number } from "./format.js";
import { knows, say } from "./words.js";

/** Seconds after which a value is called old: no sensor of ours is planned slower than that without saying so. */
export const STALE_S = 600;

export const SIGNS = { fine: "✓", raised: "▲", high: "▲▲", low: "▼", suspect: "?", stale: "◔" };

/** `fine`, `raised`, `high` or `low`; null where there is no guide. A value on a bound is on the quiet side. */
export function levelOf(value, guide) {
  if (!guide) return null;
  if (typeof guide.low === "number" && value < guide.low) return "low";
  if (value > guide.high) return "high";
  if (typeof guide.raised === "number" && value > guide.raised) return "raised";
  return "fine";
}

export function levelWord(name, level) {
  const own = `${name.split("_")[0]}_${level}`;
  return say(knows(own) ? own : level);
}

export function guideWords(quantity, guide) {
  const unit = quantity.display_unit;
  const shown = (value) => number(value, Number.isInteger(value) ? 0 : quantity.decimals);
  if (typeof guide.low === "number") return say("guide_between", { low: shown(guide.low), high: shown(guide.high), unit });
  return say("guide_up_to", { high: shown(guide.raised ?? guide.high), unit });
}

export function guideSource(guide) {
  return guide.span === "now" ? say("guide_source_now", guide) : say("guide_source", guide);
}

const ORDER = [null, "fine", "raised", "low", "high"];

/** The worst that a branch shows now: `high` also where something does not work; `offline` before all. */
export function worstOf(site, points, quantities) {
  if (!site.online) return "offline";
  let worst = null;
  for (const point of points) {
    const found = needsHelp(point) ? ["high"] : [];
    for (const [name, live] of Object.entries(point.values)) {
      // A sensor that went silent is somebody's business; a value of another hour tells nothing of now.
      if (live.age_s > STALE_S) found.push("raised");
      else if (live.quality === "good") found.push(levelOf(live.value, quantities.get(name)?.guide));
    }
    for (const level of found) if (ORDER.indexOf(level) > ORDER.indexOf(worst)) worst = level;
  }
  return worst;
}

// A cord that works well is no good news while somebody pulls it; neither is a leak detector that does its job.
export const isCalling = (point) => (point.kind ?? "").startsWith("call-") && point.state === "called";

export const needsHelp = (point) => point.working === false || isCalling(point) || point.state === "wet";

export const asksForSomebody = (worst) => worst !== null && worst !== "fine";
