// The plain page of one agent: how it is, who asks for access, who has it. Text from elsewhere gets
// into the page as text nodes alone, with everything escaped that could hide or turn text around.
"use strict";

const REFRESH_MS = 2000;
// A click that was meant for what stood there before must not allow anything.
const BUTTONS_REST_MS = 700;
const HIDDEN = new RegExp("[\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u061c\\u180e\\u200b-\\u200f" +
  "\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb\\u{e0000}-\\u{e007f}]", "gu");

const byId = id => document.getElementById(id);
const shownBefore = new Map();  // section -> what it was made of
let session = "";               // its token, in this page's memory alone: a reload ends it
let isCutOff = false;           // the agent did not answer when it was asked last

function escaped(text) {
  return String(text).replace(HIDDEN, one => `\\u{${one.codePointAt(0).toString(16)}}`);
}

/// An element with text or elements in it. `kind`: "td.number" is a td of the class number.
function made(kind, ...content) {
  const [name, style] = kind.split(".");
  const element = document.createElement(name);
  if (style) element.className = style;
  for (const each of content) element.append(each instanceof Node ? each : escaped(each));
  return element;
}

function foreign(text) { return made("bdi", text); }

function table(heads, rows) {
  const head = made("tr", ...heads.map(text => {
    const cell = made(text.startsWith("#") ? "th.number" : "th", text.replace("#", ""));
    cell.scope = "col";
    return cell;
  }));
  // On a narrow screen a cell stands below its heading no more, and says it itself.
  for (const row of rows)
    [...row.cells].forEach((cell, i) => { cell.dataset.label = heads[i].replace("#", ""); });
  return made("div.wide", made("table", made("thead", head), made("tbody", ...rows)));
}

function button(kind, text, label, action) {
  const out = made(kind, text);
  out.type = "button";
  out.setAttribute("aria-label", escaped(label));
  out.addEventListener("click", async () => {
    out.disabled = true;
    await attempt(action);
    await refresh();
    out.disabled = false;
    if (!out.isConnected) byId("message").focus();
  });
  return out;
}

function say(text, isBad = false) {
  byId("message").textContent = escaped(text);
  byId("message").className = isBad ? "bad" : "";
}

// ---- the agent

class Problem extends Error {
  constructor(status, said) {
    super(`${said.title}: ${said.why}. ${said.fix}`);
    this.status = status;
  }
}

async function ask(method, path, body) {
  const headers = {Accept: "application/json"};
  if (session) headers.Authorization = `Bearer ${session}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const answer = await fetch(path, {method, headers, cache: "no-store", credentials: "omit",
    body: body === undefined ? undefined : JSON.stringify(body)});
  if (answer.status === 204) return {};
  const said = await answer.json();
  if (!answer.ok) throw new Problem(answer.status, said);
  return said;
}

/// Says what went wrong, if something did.
async function attempt(action) {
  try {
    await action();
  } catch (problem) {
    isCutOff = !(problem instanceof Problem);
    byId("signed-in").inert = isCutOff;  // no button that cannot work
    if (problem.status === 401) {
      showSignedOut();
      return say("Your session has ended: the agent was started again, or nobody was here for 12 "
        + "hours. Sign in again with  lanyard ui", true);
    }
    say(isCutOff ? "The agent does not answer. Start it with  lanyard up" : problem.message, true);
  }
}

// ---- what is shown

/// Makes a section anew where what it shows has changed: who is about to press a button finds it in
/// its place.
function show(id, what, make) {
  const text = JSON.stringify(what);
  if (shownBefore.get(id) === text) return;
  shownBefore.set(id, text);
  byId(id).replaceChildren(...make());
}

function rights(wish) {
  const names = wish.allSpaces ? "all spaces, those to come too" : wish.spaces.join(", ");
  return `${wish.write ? "read and write in" : "read in"} ${names}`;
}

function tokenRights(token) {
  const out = token.allSpaces ? [rights({...token, spaces: []})] : [];
  for (const write of [true, false]) {
    const spaces = token.spaces.filter(each => each.write === write).map(each => each.name);
    if (spaces.length) out.push(rights({spaces, write}));
  }
  if (token.manage) out.push("manage spaces");
  return out.join("; ");
}

function asker(request) {
  if (request.fromPage) return ["a page of ", foreign(request.origin)];
  return request.origin ? ["a program that speaks for pages of ", foreign(request.origin)]
    : ["a program of this machine"];
}

/// Whose connection it came by, as the system says.
function sender(request) {
  return `from ${request.program || "an unknown program"} of ${request.user || "an unknown user"}`;
}

/// Requests as they are shown, each with those of its spaces that this device has not, as far as the
/// list goes. Their times are told anew with each look, and may differ by a millisecond: what
/// differs is drawn anew, and its buttons rest.
function asShown(requests, status) {
  const names = new Set(status.spaces.map(each => each.name));
  return requests.map(({askedMs, expiresMs, ...each}) => ({...each, until: hour(expiresMs),
    missing: status.moreSpaces ? [] : each.spaces.filter(name => !names.has(name))}));
}

function requestCard(request) {
  const decide = (action, body, done) => async () => {
    if (action === "allow")
      for (const name of request.missing) await ask("POST", "/v1/spaces", {name});
    await ask("POST", `/v1/apps/requests/${request.id}/${action}`, body);
    say(done);
  };
  const allow = (kind, text, readOnly) => button(kind, text, `${text}: ${request.app}`,
    decide("allow", {readOnly}, `${request.app} has access.`));
  const makes = request.missing.length > 1 ? ", and make the spaces"
    : request.missing.length ? ", and make the space" : "";
  const buttons = [allow("button.main", `Allow${makes}`, false)];
  if (request.write) buttons.push(allow("button", `Read only${makes}`, true));
  buttons.push(button("button", "Refuse", `Refuse: ${request.app}`,
    decide("deny", undefined, `${request.app} was refused.`)));
  const actions = made("div.actions", ...buttons);
  for (const each of buttons) each.disabled = true;
  setTimeout(() => { for (const each of buttons) each.disabled = false; }, BUTTONS_REST_MS);
  const card = made("article", made("h3", foreign(request.app)), made("p.faint", ...asker(request)),
    made("p.faint", foreign(sender(request))),
    made("p", "wants to ", foreign(rights(request))));
  if (request.why) card.append(made("p", "It says: ", foreign(request.why)));
  if (request.missing.length) card.append(made("p.faint",
    "Not on this device yet: ", foreign(request.missing.join(", "))));
  card.append(made("p.faint", made("span.id", request.id), ` · until ${request.until}`),
    actions);
  return card;
}

function hour(ms) { return new Date(ms).toLocaleTimeString([], {timeStyle: "short"}); }

function day(ms) {
  return ms ? new Date(ms).toLocaleString([], {dateStyle: "medium", timeStyle: "short"}) : "never";
}

function deviceRow(device) {
  const state = !device.linked ? made("td.faint", "not reached")
    : device.inStep ? made("td.good", "in step") : made("td", "catching up");
  const name = foreign(device.name || device.shortId);
  const called = made("td", name, device.namedByOthers ? " (as others say)" : "");
  return made("tr", called, state,
    made("td.number", device.notYetThere),
    made("td.when", device.linked ? "now" : day(device.lastSeenMs)));
}

function spaceRow(space) {
  const conflicts = made("td.number", space.conflicts);
  if (space.conflicts) conflicts.classList.add("bad");
  const state = space.error ? made("td.bad", space.error)
    : made("td", space.left ? "left" : "here");
  return made("tr", made("td", foreign(space.name)), made("td.number", space.records), conflicts,
    made("td.number", space.memberCount), state);
}

/// A question in the place of the button that asked it: what is revoked cannot be given back.
function revokeCell(token) {
  const cell = made("td");
  const asks = made("button", "Revoke");
  const rests = () => cell.replaceChildren(asks);
  asks.type = "button";
  asks.setAttribute("aria-label", escaped(`Revoke the access of ${token.app}`));
  asks.addEventListener("click", () => {
    const yes = button("button.main", "Revoke it", `Yes, revoke the access of ${token.app}`,
      async () => {
        await ask("DELETE", `/v1/apps/tokens/${token.id}`);
        say(`${token.app} has no access any more.`);
      });
    const no = made("button", "Keep it");
    no.type = "button";
    no.addEventListener("click", () => { rests(); asks.focus(); });
    cell.replaceChildren(made("div.actions", made("span", "It must ask again then."), yes, no));
    no.focus();
  });
  rests();
  return cell;
}

function tokenRow(token) {
  const revoke = revokeCell(token);
  const where = token.origin ? foreign(token.origin) : "programs";
  return made("tr", made("td", foreign(token.app)), made("td", where),
    made("td", foreign(tokenRights(token))), made("td.when", day(token.lastUsedMs)), revoke);
}

/// A section of rows; where there are none, a sentence instead.
function showRows(id, rows, none, make) {
  show(id, rows, () => rows.length ? make(rows) : [made("p.faint", none)]);
}

function showAll(status, requests, tokens) {
  const {name, shortId, build} = status.agent;
  byId("device").textContent = escaped(`${name} · ${shortId} · Lanyard ${build}`);
  document.title = requests.length ? `(${requests.length}) Lanyard` : "Lanyard";
  byId("degraded-section").hidden = !status.degraded.length;
  showRows("degraded", status.degraded, "", parts => parts.map(each => made("article",
    made("h3", foreign(each.part)), made("p.bad", foreign(each.why)),
    made("p", foreign(each.fix)))));
  showRows("requests", asShown(requests, status), "None asks now.",
    rows => rows.map(requestCard));
  showRows("spaces", status.spaces, "There are none.", rows => [
    table(["Space", "#Records", "#Conflicts", "#Members", "State"], rows.map(spaceRow)),
    made("p.faint", status.moreSpaces ? `and ${status.moreSpaces} more` : "")]);
  // Only what is shown: bytes received change all the time.
  const devices = status.devices.map(each => ({name: each.name, shortId: each.shortId,
    namedByOthers: each.namedByOthers, linked: each.linked, inStep: each.inStep, notYetThere: each.notYetThere,
    lastSeenMs: each.linked ? 0 : each.lastSeenMs}));
  showRows("devices", devices, "No other is known. Pair one with  lanyard pair", rows => [
    table(["Device", "State", "#Not yet there", "Last seen"], rows.map(deviceRow))]);
  showRows("tokens", tokens, "None has.", rows => [
    table(["App", "Where", "May", "Last used", "Access"], rows.map(tokenRow))]);
}

// ---- signed in or not

function showSignedOut() {
  session = "";
  shownBefore.clear();
  byId("signed-in").hidden = byId("sign-out").hidden = true;
  byId("signed-out").hidden = false;
  byId("device").textContent = "";
  document.title = "Lanyard";
  for (const id of ["degraded", "requests", "spaces", "devices", "tokens"]) byId(id).replaceChildren();
}

async function refresh() {
  if (!session) return showSignedOut();
  await attempt(async () => {
    const [status, asked, given] = await Promise.all([ask("GET", "/v1/status"),
      ask("GET", "/v1/apps/requests"), ask("GET", "/v1/apps/tokens")]);
    byId("signed-out").hidden = true;
    byId("signed-in").hidden = byId("sign-out").hidden = false;
    showAll(status, asked.requests, given.tokens);
    if (isCutOff) say("");
    isCutOff = byId("signed-in").inert = false;
  });
}

/// The secret stands in the address for no longer than it takes to read it.
async function signIn() {
  const secret = new URLSearchParams(location.hash.slice(1)).get("signin");
  if (!secret) return;
  history.replaceState(null, "", "/");
  await attempt(async () => {
    session = (await ask("POST", "/v1/session", {secret})).token;
    say("You are signed in.");
  });
}

async function loop() {
  if (document.visibilityState === "visible" && session) await refresh();
  setTimeout(loop, REFRESH_MS);
}

byId("sign-out").addEventListener("click", async () => {
  await attempt(() => ask("DELETE", "/v1/session"));
  showSignedOut();
  say("You are signed out.");
});
addEventListener("hashchange", async () => { await signIn(); await refresh(); });
(async () => { await signIn(); await refresh(); await loop(); })();
