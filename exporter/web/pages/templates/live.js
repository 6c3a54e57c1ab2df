(() => {
"use strict";
// Keeps the page as it is now: asks every few seconds whether it changed, and replaces only the sections that did.
const EVERY = 5000, PATIENCE = 8000, STOOD_STILL = 15000;
const content = () => document.getElementById("main"), asOf = document.getElementById("as-of");
const live = document.getElementById("live"), times = document.getElementById("times");
let served = content().cloneNode(true), tag = null, exact = false, unreachable = null, timer = 0;
// Ages are counted by the exporter's clock: this machine's may be wrong.
let ahead = 0;
const read = () => Date.now() + ahead;
function heard(instant) { const at = Date.parse(instant); if (!Number.isNaN(at)) ahead = at - Date.now(); }

function age(at) {
  const seconds = Math.round((read() - at) / 1000), size = Math.abs(seconds);
  const said = size < 90 ? `${size} s` : size < 5400 ? `${Math.round(size / 60)} min`
    : size < 129600 ? `${Math.round(size / 3600)} h` : `${Math.round(size / 86400)} d`;
  return seconds < 0 ? `in ${said}` : `${said} ago`;
}
function tellTimes() {
  for (const one of document.querySelectorAll("time")) {
    const written = one.dateTime.slice(0, 10) + " " + one.dateTime.slice(11, 19) + " UTC";
    const told = exact ? written : age(Date.parse(one.dateTime));
    if (one.textContent !== told) one.textContent = told;
    if (one.title !== written) one.title = written;
  }
}
function say(text, bad) { if (live.textContent !== text) live.textContent = text; live.className = bad ? "bad" : ""; }

function sections(root) { return new Map([...root.querySelectorAll("section[id]")].map((one) => [one.id, one])); }
function place(element, root) {
  return element && root.contains(element) ? [...root.querySelectorAll("a, button, summary, input, select, textarea")].indexOf(element) : -1;
}
function replace(old, next) {
  const held = place(document.activeElement, old);
  const open = new Set([...old.querySelectorAll("details[open]")].map((one) => one.id));
  const fresh = document.importNode(next, true);
  for (const one of fresh.querySelectorAll("details[id]")) if (open.has(one.id)) one.open = true;
  if (old.id !== "main") fresh.classList.add("changed");
  old.replaceWith(fresh);
  if (held >= 0) {
    const again = fresh.querySelectorAll("a, button, summary, input, select, textarea")[held];
    if (again) again.focus({ preventScroll: true });
  }
}
function take(page) {
  const next = page.getElementById("main");
  if (!next) return;
  const before = sections(served), after = sections(next), now = sections(content());
  if ([...before.keys()].join() !== [...after.keys()].join()) replace(content(), next);
  else for (const [id, one] of after) {
    // What somebody is typing into stays.
    if (one.outerHTML !== before.get(id).outerHTML && id !== "find") replace(now.get(id), one);
  }
  served = next.cloneNode(true);
  document.title = page.title;
}
function chosen() { const picked = getSelection(); return picked && !picked.isCollapsed && content().contains(picked.anchorNode); }

// Replacing what somebody is writing into, a note, would take it away.
function writes() { return [...content().querySelectorAll("form:not(.find) input, form:not(.find) textarea")].some((one) => one.value !== one.defaultValue); }

async function look() {
  clearTimeout(timer);
  if (document.hidden) return;
  try {
    const headers = tag ? { "If-None-Match": tag } : {};
    const answer = await fetch(location.href, { headers, cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
    let current = answer.status === 304;
    if (answer.status === 200) {
      const text = await answer.text();
      // Replacing what somebody is marking would take it from under the pointer; it comes with the next look.
      if (!chosen() && !writes()) { take(new DOMParser().parseFromString(text, "text/html")); tag = answer.headers.get("ETag"); current = true; }
    } else if (!current) throw new Error(String(answer.status));
    unreachable = null;
    const date = Date.parse(answer.headers.get("Date")), at = answer.headers.get("Snapshot-At");
    heard(answer.headers.get("Date"));
    // What stands still is as old as it was.
    if (at && current) { asOf.replaceChildren(Object.assign(document.createElement("time"), { dateTime: at })); }
    if (at && date - Date.parse(at) > STOOD_STILL) say("Not current: the exporter answers, but it stands still.", true);
    else if (!current) say(`Stands still while you ${writes() ? "write" : "mark"}.`, false);
    else if (writes()) say("Stands still while you write.", false);
    else say("Live: looks for changes every 5 s.", false);
  } catch (error) {
    unreachable = unreachable || new Date(read()).toISOString().slice(11, 19);
    say(`Not current: the exporter gives no page since ${unreachable} UTC.`, true);
  }
  tellTimes();
  timer = setTimeout(look, EVERY);
}
times.hidden = false;
times.addEventListener("click", () => { exact = !exact; times.setAttribute("aria-pressed", String(exact)); tellTimes(); });
document.addEventListener("visibilitychange", () => { if (!document.hidden && !("still" in content().dataset)) look(); });
const begun = asOf.querySelector("time");
if (begun) heard(begun.dateTime);
tellTimes();
setInterval(tellTimes, 1000);
if ("still" in content().dataset) say("This page does not change by itself.", false);
else timer = setTimeout(look, 1000);
})();
