// Where a value stands against its guide, and the word for it.

import { number } from "./format.js";
import { knows, say } from "./words.js";

/** Seconds after which a value is called old: no sensor of ours is planned slower than that without saying so. */
export const STALE_S = 600;

export const SIGNS = { fine: "✓", raised: "▲", high: "▲▲", low: "▼", suspect: "?", stale: "⌛" };

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

/** Does anything of this branch ask for a person? */
export function needsAttention(site, points, quantities) {
  if (!site.online) return true;
  return points.some(
    (point) =>
      point.working === false ||
      Object.entries(point.values).some(([name, value]) => {
        const level = levelOf(value.value, quantities.get(name)?.guide);
        return value.quality === "good" && level !== null && level !== "fine";
      }),
  );
}
