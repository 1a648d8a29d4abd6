// Numbers, ages and times as people write them.

import { language, say } from "./words.js";

export function number(value, decimals = 0) {
  return new Intl.NumberFormat(language(), {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  }).format(value);
}

export function age(seconds) {
  if (seconds < 2) return say("now");
  if (seconds < 90) return say("seconds", { n: Math.floor(seconds) });
  if (seconds < 5400) return say("minutes", { n: Math.round(seconds / 60) });
  if (seconds < 172800) return say("hours", { n: Math.round(seconds / 3600) });
  return say("days", { n: Math.round(seconds / 86400) });
}

/** Hour and minute at the branch, where its zone is known, else at the reader's. */
export function clock(seconds, zone, withSeconds = false) {
  return new Intl.DateTimeFormat(language(), {
    hour: "2-digit",
    minute: "2-digit",
    second: withSeconds ? "2-digit" : undefined,
    hourCycle: "h23",
    timeZone: zone || undefined,
  }).format(new Date(seconds * 1000));
}

export function dayAndClock(seconds, zone) {
  return new Intl.DateTimeFormat(language(), {
    weekday: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    timeZone: zone || undefined,
  }).format(new Date(seconds * 1000));
}

export function ownZone() {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** Minutes that the zone is ahead of UTC at that time, so that ticks fall on its whole hours. */
export function zoneOffsetMinutes(seconds, zone) {
  const date = new Date(seconds * 1000);
  const parts = new Intl.DateTimeFormat("en-US", {
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
    hourCycle: "h23",
    timeZone: zone || undefined,
  }).formatToParts(date);
  const of = Object.fromEntries(parts.map((part) => [part.type, Number(part.value)]));
  const local = Date.UTC(of.year, of.month - 1, of.day, of.hour, of.minute, of.second);
  return Math.round((local - Math.floor(seconds) * 1000) / 60000);
}
