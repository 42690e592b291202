// Intervault (Apache-2.0). Made by scripts/web-module.ts of web/slot: change those.
const TIMEOUT_MS = 15_000;
class SlotError extends Error {
name = 'SlotError';
cause ;
status ;
code ;
constructor(cause , status = 0, code = '') {
super(code || cause);
this.cause = cause;
this.status = status;
this.code = code;
}
get passing() {
const { cause, status } = this;
return cause === 'network' || cause === 'busy' || status >= 500 || (cause === 'session' && status === 0);
}
}
function createSlotApi(sessions , base ) {
async function attempt(path , call ) {
const session = await sessions.current().catch(() => {
throw new SlotError('session');
});
const api = base ?? session.api;
if (api === undefined) throw new SlotError('other', 0, 'session.api');
const headers = new Headers({ authorization: `Bearer ${session.token}` });
if (call.json !== undefined) headers.set('content-type', 'application/json');
if (call.key !== undefined) headers.set('idempotency-key', call.key);
const response = await fetch(api.replace(/\/$/, '') + path, {
method: call.method ?? 'GET',
headers,
body: call.json === undefined ? null : JSON.stringify(call.json),
keepalive: call.keepalive ?? false,
credentials: 'omit',
referrerPolicy: 'no-referrer',
cache: 'no-store',
redirect: 'error',
signal: call.keepalive ? null : AbortSignal.timeout(TIMEOUT_MS),
}).catch(() => {
throw new SlotError('network');
});
return { response, token: session.token };
}
async function request(path , call = {}) {
let { response, token } = await attempt(path, call);
if (response.status === 401) {
sessions.drop(token);
({ response, token } = await attempt(path, call));
if (response.status === 401) sessions.drop(token);
}
if (!response.ok) throw await refusalOf(response);
return response;
}
async function json (path , call ) {
const response = await request(path, call);
return (await response.json().catch(() => {
throw new SlotError('network');
})) ;
}
const post = (path , body ) => json (path, { method: 'POST', json: body });
const named = encodeURIComponent;
return {
feed(query ) {
return json(`/feed?${new URLSearchParams(query)}`);
},
async image(message ) {
return (await request(`/messages/${named(message)}/image`)).blob();
},
engage: (events ) =>
json ('/engagement', { method: 'POST', json: { events }, keepalive: true }),
reply: (given , key ) =>
json ('/replies', { method: 'POST', json: given, key }),
undoReply: (id ) => request(`/replies/${named(id)}/undo`, { method: 'POST' }),
threads: async () => (await json ('/threads')).threads,
thread: (id , locale ) => json (`/threads/${named(id)}?locale=${locale}`),
learned: (cursor ) =>
json (cursor === undefined ? '/learned' : `/learned?cursor=${named(cursor)}`),
mute: (peer , until ) => post ('/mute', { peer, until }),
unmute: (peer ) => post ('/unmute', { peer }),
contact: () => json ('/contact'),
setContact: (wishes ) => json ('/contact', { method: 'PUT', json: wishes }),
};
}
async function refusalOf(response ) {
const body = (await response.json().catch(() => ({}))) ;
const code = typeof body.code === 'string' ? body.code : '';
const { status } = response;
if (status === 401) return new SlotError('session', status, code);
if (code === 'session.origin') return new SlotError('origin', status, code);
if (code === 'reply.limit') return new SlotError('limit', status, code);
if (status === 429 || status === 503) return new SlotError('busy', status, code);
if (code.startsWith('link.')) return new SlotError('link', status, code);
return new SlotError('other', status, code);
}
function h (
tag ,
attributes = {},
...children
) {
const element = document.createElement(tag);
setAttributes(element, attributes);
for (const child of children) if (child !== undefined && child !== false) element.append(child);
return element;
}
function setAttributes(element , attributes ) {
for (const [name, value] of Object.entries(attributes)) {
if (value === undefined || value === false) element.removeAttribute(name);
else element.setAttribute(name, value === true ? '' : String(value));
}
}
function listen (target , listeners ) {
for (const [type, listener] of Object.entries(listeners)) target.addEventListener(type, listener);
return target;
}
function button(attributes , onClick , ...children ) {
return listen(h('button', { type: 'button', ...attributes }, ...children), { click: onClick });
}
function hidden(text ) {
return h('span', { class: 'unseen' }, text);
}
function heading(level , attributes , ...children ) {
return h(`h${Math.min(Math.max(level, 1), 6)}` , attributes, ...children);
}
function safeAddress(address ) {
if (!URL.canParse(address)) return undefined;
const url = new URL(address);
return url.protocol === 'https:' ? url : undefined;
}
function outwardLink(url , attributes , ...children ) {
return h(
'a',
{
href: url.href,
target: '_blank',
rel: 'noopener noreferrer',
referrerpolicy: 'no-referrer',
...attributes,
},
...children,
);
}
let lastId = 0;
function freshId() {
lastId += 1;
return `ivs-${lastId}`;
}
const BATCH = 100;
const MOST_WAITING = 500;
const GATHERED_MS = 500;
const FIRST_RETRY_MS = 2_000;
const LAST_RETRY_MS = 60_000;
function createEngagementQueue(options
) {
let waiting = [];
let timer ;
let retryMs = FIRST_RETRY_MS;
let sending = false;
let closed = false;
function schedule(delayMs ) {
if (closed) return;
clearTimeout(timer);
timer = setTimeout(() => void sendNext(), delayMs);
}
async function sendNext() {
clearTimeout(timer);
if (waiting.length === 0) return;
sending = true;
const batch = waiting.slice(0, BATCH);
waiting = waiting.slice(BATCH);
let delayMs = 0;
try {
const { ignored } = await options.send(batch);
retryMs = FIRST_RETRY_MS;
if (ignored.some(({ code }) => code === 'event.late' || code === 'event.unknown')) options.onLate();
} catch (error) {
if (error instanceof SlotError && error.passing) {
waiting = [...batch, ...waiting].slice(-MOST_WAITING);
delayMs = retryMs;
retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
}
} finally {
sending = false;
}
if (waiting.length > 0) schedule(delayMs);
}
return {
add(message, kind) {
const at = new Date(options.nowMs()).toISOString();
waiting = [...waiting, { message, kind, at }].slice(-MOST_WAITING);
if (!sending) schedule(GATHERED_MS);
},
flush() {
void sendNext();
},
close() {
void sendNext();
closed = true;
},
};
}
function explain(error , what , texts ) {
const cause = error instanceof SlotError ? error.cause : 'other';
return `${texts.failures[what]} ${texts.causes[cause]}`;
}
function failureBox(
error ,
what ,
texts ,
retry ,
) {
return h(
'div',
{ class: 'failure', part: 'failure', role: 'alert' },
h('p', {}, explain(error, what, texts)),
button({ class: 'button' }, retry, texts.retry),
);
}
const CONTROLS = /(?!\n)\p{Cc}|[\u2028\u2029]/gu;
const MAX_TEXT = 2_000;
const TELL_FROM = 200;
function createReplyForm(options
) {
const { kind, name, texts, onClose } = options;
const words = texts.forms[kind];
const [fieldId, noteId] = [freshId(), freshId()];
const field = h('textarea', {
id: fieldId,
rows: kind === 'reply' ? 3 : 2,
'aria-describedby': noteId,
});
field.value = options.text ?? '';
const note = h('p', { class: 'note', id: noteId, role: 'status' });
const submit = h('button', { type: 'submit', class: 'button main', part: 'button' }, words.send);
const element = h(
'form',
{ class: 'form', part: 'form', novalidate: true },
h('label', { for: fieldId }, words.label(name)),
field,
note,
h(
'div',
{ class: 'row' },
submit,
onClose !== undefined && button({ class: 'button' }, onClose, texts.close),
),
);
function tell(text , failed ) {
note.textContent = text;
note.classList.toggle('failed', failed);
setAttributes(field, { 'aria-invalid': failed && 'true' });
}
async function sendIt() {
const text = field.value.replaceAll(CONTROLS, ' ').trim();
if (kind === 'reply' && text === '') {
tell(texts.textNeeded, true);
field.focus();
return;
}
submit.disabled = true;
try {
await options.send(text);
} catch (error) {
tell(explain(error, 'send', texts), true);
} finally {
submit.disabled = false;
}
}
listen(element, {
submit: (event) => {
event.preventDefault();
if (!submit.disabled) void sendIt();
},
input: () => {
const written = [...field.value];
if (written.length > MAX_TEXT) field.value = written.slice(0, MAX_TEXT).join('');
const left = Math.max(MAX_TEXT - written.length, 0);
tell(left <= TELL_FROM ? texts.left(left) : '', false);
},
keydown: (event) => {
if ((event ).key === 'Escape' && field.value.trim() === '') onClose?.();
},
});
return { element, focus: () => field.focus() };
}
const UNDO_MS = 12_000;
function createUndoStrip(options
) {
let leftMs = options.lastsMs ?? UNDO_MS;
let startedMs = 0;
let timer ;
const held = new Set ();
const text = h('p', {}, options.text);
const undo = button({ class: 'button', part: 'undo' }, () => options.onUndo(), options.undo);
const element = h('div', { class: 'strip', part: 'strip' }, text, undo);
function run() {
clearTimeout(timer);
startedMs = performance.now();
timer = setTimeout(options.onGone, leftMs);
}
function hold(by ) {
if (options.fixed) return;
if (held.size === 0) leftMs -= performance.now() - startedMs;
held.add(by);
clearTimeout(timer);
}
function release(by ) {
if (held.delete(by) && held.size === 0) {
leftMs = Math.max(leftMs, UNDO_MS / 3);
run();
}
}
listen(element, {
pointerenter: () => hold('pointer'),
pointerleave: () => release('pointer'),
focusin: () => hold('focus'),
focusout: () => release('focus'),
});
run();
return {
element,
focus: () => undo.focus(),
say(words) {
text.textContent = words;
undo.remove();
},
close: () => clearTimeout(timer),
};
}
const LEAST_MS = 1_000;
function createAnswering(options
) {
const { place, name, about, context } = options;
const { api, texts } = context;
let strip ;
let tried = { said: '', key: '' };
function clear() {
strip?.close();
strip = undefined;
place.replaceChildren();
}
function open(kind , text ) {
clear();
const form = createReplyForm({
kind,
name,
texts,
...(text !== undefined && { text }),
send: (written) => send(kind, written),
onClose: () => {
clear();
options.onClosed?.();
},
});
place.append(form.element);
form.focus();
}
async function send(kind , text ) {
const given = { kind, ...about };
if (text !== '') Object.assign(given, { text, language: texts.locale });
const said = JSON.stringify(given);
if (tried.said !== said) tried = { said, key: newKey() };
const { id, thread, undoUntil } = await api.reply(given, tried.key);
tried = { said: '', key: '' };
clear();
const lastsMs = Date.parse(undoUntil) - context.nowMs();
const sent = createUndoStrip({
text: texts.sent[kind](name),
undo: texts.undo,
lastsMs: Math.max(lastsMs, LEAST_MS),
fixed: true,
onUndo: () => void takeBack(kind, id, text),
onGone: () => sent.say(texts.sent[kind](name)),
});
strip = sent;
place.append(sent.element);
sent.focus();
context.announce(texts.sent[kind](name));
options.onSent?.(thread);
}
async function takeBack(kind , id , text ) {
try {
await api.undoReply(id);
} catch (error) {
const late = error instanceof SlotError && error.status === 409;
const words = late ? texts.tooLate : texts.causes.other;
strip?.say(`${texts.sent[kind](name)} ${words}`);
context.announce(words);
return;
}
context.announce(texts.takenBack);
options.onTakenBack?.();
open(kind, text);
}
return { open, close: clear };
}
function newKey() {
return [...crypto.getRandomValues(new Uint8Array(16))]
.map((byte) => byte.toString(16).padStart(2, '0'))
.join('');
}
const SVG = 'http://www.w3.org/2000/svg';
const PATHS = {
more: 'M5 12h.01M12 12h.01M19 12h.01',
back: 'M15 5l-7 7 7 7',
outward: 'M14 5h5v5M19 5l-9 9M17 14v4a1 1 0 0 1-1 1H6a1 1 0 0 1-1-1V8a1 1 0 0 1 1-1h4',
person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20a7.5 7.5 0 0 1 15 0',
phone: 'M6 3h3l2 5-2.5 1.5a11 11 0 0 0 6 6L16 13l5 2v3a3 3 0 0 1-3 3A15 15 0 0 1 3 6a3 3 0 0 1 3-3z',
document: 'M7 3h7l4 4v14H7a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1zM14 3v4h4M9.5 12h5M9.5 16h5',
hide: 'M4 4l16 16M9.9 5.2A9 9 0 0 1 12 5c5 0 8.500 4.500 9.500 7a13 13 0 0 1-2.600 3.700M6.300 6.500A13 13 0 0 0 2.500 12c1 2.500 4.500 7 9.500 7a9 9 0 0 0 4-.9M10 10a3 3 0 0 0 4 4',
mute: 'M11 5L6.500 9H3v6h3.500l4.500 4V5zM16 9.500l5 5M21 9.500l-5 5',
flag: 'M5 21V4h11l-1.500 4L16 12H5',
talk: 'M4 5h16v11H9l-5 4V5z',
eye: 'M2.500 12C3.500 9.500 7 5 12 5s8.500 4.500 9.500 7c-1 2.500-4.500 7-9.500 7s-8.500-4.500-9.500-7zM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z',
settings: 'M4 7h9M17 7h3M15 5v4M4 17h3M11 17h9M9 15v4M4 12h16',
} ;
function icon(name ) {
const svg = document.createElementNS(SVG, 'svg');
for (const [key, value] of [
['viewBox', '0 0 24 24'],
['class', 'icon'],
['aria-hidden', 'true'],
['focusable', 'false'],
] )
svg.setAttribute(key, value);
const path = document.createElementNS(SVG, 'path');
path.setAttribute('d', PATHS[name]);
svg.append(path);
return svg;
}
const PHONE = /^\+[0-9]{4,15}$/;
function actionControls(item , context , answer ) {
return item.actions.map((action, index) =>
actionControl(action, { class: index === 0 ? 'button main' : 'button', item, context, answer }),
);
}
function actionControl(
action ,
given ,
) {
const { item, context, answer } = given;
const attributes = { class: given.class, part: 'button', lang: item.language };
const clicked = () => context.engage(item.id, 'clicked');
switch (action.kind) {
case 'link': {
const address = safeAddress(action.url);
if (address === undefined) return undefined;
const note = hidden(context.texts.newTab(address.hostname));
note.lang = context.texts.locale;
return listen(outwardLink(address, attributes, action.label, icon('outward'), note), {
click: clicked,
auxclick: (event) => {
if ((event ).button === 1) clicked();
},
});
}
case 'document':
return button(
attributes,
() => {
clicked();
context.emit('intervault-document', { document: action.document, from: item.from });
},
icon('document'),
action.label,
);
case 'reply':
case 'callback':
return button(
attributes,
() => {
clicked();
answer(action.kind);
},
action.label,
);
default:
return undefined;
}
}
function humanControls(item , context , answer ) {
const { texts } = context;
const { human } = item;
const ask = button({ class: 'quiet' }, () => answer('ask_human'), icon('person'), texts.person);
if (human.kind === 'phone' && PHONE.test(human.number)) {
const call = h('a', { class: 'quiet', href: `tel:${human.number}` }, icon('phone'));
call.append(texts.personPhone(spaced(human.number)));
return [ask, call];
}
const address = human.kind === 'web' ? safeAddress(human.url) : undefined;
if (address === undefined) return [ask];
const note = hidden(texts.newTab(address.hostname));
return [ask, outwardLink(address, { class: 'quiet' }, icon('outward'), texts.personPage, note)];
}
function spaced(number ) {
const french = /^\+33([1-9])([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})$/.exec(number);
return french === null ? number : ['+33', ...french.slice(1)].join('\u00a0');
}
const SHOWN = /^image\/(?:png|jpeg)$/;
function createImage(
{ id, image } ,
{ api } ,
) {
if (image === undefined) return undefined;
const { alt } = image;
const element = h('img', { class: 'image', part: 'image', alt, decoding: 'async' });
let address ;
let closed = false;
const free = () => {
if (address !== undefined) URL.revokeObjectURL(address);
address = undefined;
};
const show = async () => {
const blob = await api.image(id);
if (closed || !SHOWN.test(blob.type)) throw new Error('no image');
address = URL.createObjectURL(blob);
element.src = address;
};
listen(element, { load: free, error: free });
show().catch(() => {
if (alt === '') element.remove();
else element.replaceWith(h('p', { class: 'meta' }, alt));
});
return {
element,
close() {
closed = true;
free();
},
};
}
function createMenu(label , entries ) {
const id = freshId();
const list = h('div', { class: 'menu-list', part: 'menu', id, hidden: true });
const opener = button(
{ class: 'quiet round', 'aria-label': label, 'aria-expanded': 'false', 'aria-controls': id },
() => toggle(list.hidden === true),
icon('more'),
);
const element = h('div', { class: 'menu' }, opener, list);
const buttons = entries.map(({ label: text, icon: name, run }) =>
button(
{ class: 'menu-entry' },
() => {
toggle(false);
run();
},
icon(name),
text,
),
);
list.append(...buttons);
function toggle(open ) {
list.hidden = !open;
opener.setAttribute('aria-expanded', String(open));
if (open) buttons[0]?.focus();
}
function step(by , from ) {
const at = buttons.indexOf(from );
if (at !== -1) buttons[(at + by + buttons.length) % buttons.length]?.focus();
}
listen(element, {
keydown: (event) => {
const { key } = event ;
if (list.hidden) return;
if (key === 'Escape') {
toggle(false);
opener.focus();
} else if (key === 'ArrowDown' || key === 'ArrowUp') step(key === 'ArrowDown' ? 1 : -1, event.target);
else return;
event.preventDefault();
event.stopPropagation();
},
focusout: (event) => {
const to = (event ).relatedTarget;
if (!list.hidden && !(to instanceof Node && element.contains(to))) toggle(false);
},
});
return { element, focus: () => opener.focus() };
}
const TAGS = new Set(['p', 'em', 'strong', 'ul', 'ol', 'li']);
const ENTITIES = { lt: '<', gt: '>', amp: '&', quot: '"', '#39': "'" };
const TOKEN = /<(\/?)([a-z]+)( \/|\/)?>|&(#?[a-z0-9]+);|[^<&]+|[<&]/g;
function safeNodes(html ) {
const fragment = document.createDocumentFragment();
const open = [fragment];
const innermost = () => open[open.length - 1] ?? fragment;
for (const match of html.matchAll(TOKEN)) {
const [token, closing, tag, , entity] = match;
const parent = innermost();
if (tag === 'br' && closing === '') parent.append(document.createElement('br'));
else if (tag !== undefined && TAGS.has(tag) && closing === '') {
const element = document.createElement(tag);
parent.append(element);
open.push(element);
} else if (tag !== undefined && 'localName' in parent && parent.localName === tag) open.pop();
else parent.append(entity === undefined ? token : (ENTITIES[entity] ?? token));
}
fragment.normalize();
return fragment;
}
const ENGLISH = {
locale: 'en',
messages: 'Messages from your institutions',
conversations: 'Conversations',
learned: 'What they learn',
wishes: 'Settings',
back: 'Back to messages',
backToConversations: 'Back to conversations',
categories: { service: 'Service', advice: 'Advice', offer: 'Offer', survey: 'Survey' },
fresh: 'New',
readMore: 'Read more',
readLess: 'Show less',
options: (title) => `Options for the message: ${title}`,
dismiss: 'Hide this message',
mute: (name) => `Mute ${name}`,
muteFor: (name, days) => `Mute ${name} for ${days} days`,
report: 'Report as advertising',
dismissed: 'Message hidden.',
muted: (name, end) =>
`${name} is muted${end === undefined ? '' : ` until ${end}`}. Its service messages are still shown.`,
reported: 'Reported as advertising; the message is hidden.',
restored: 'The message is shown again.',
unmuted: (name) => `${name} is no longer muted.`,
undo: 'Undo',
newTab: (host) => ` (${host}, new tab)`,
person: 'Talk to a person',
personPage: 'Reach a person online',
personPhone: (number) => `Call a person: ${number}`,
reply: 'Reply',
write: 'Write',
showThread: 'See the conversation',
forms: {
reply: { label: (name) => `Your message to ${name}`, send: 'Send' },
ask_human: {
label: (name) => `What to ask a person at ${name} (optional)`,
send: 'Ask for a person',
},
callback: {
label: (name) => `When, and at what number, ${name} may call you (optional)`,
send: 'Ask to be called',
},
},
left: (count) => `${count} characters left`,
close: 'Close',
textNeeded: 'Write your message before sending it.',
sent: {
reply: (name) => `Message sent to ${name}.`,
ask_human: (name) => `Request sent: a person at ${name} will answer you here.`,
callback: (name) => `${name} was asked to call you.`,
},
takenBack: 'Nothing was sent.',
tooLate: 'Too late: it has already left.',
noThreads: 'You have no conversation yet.',
answered: 'Answered',
waitingForHuman: 'A person owes you an answer',
entryCount: (count) => (count === 1 ? '1 message' : `${count} messages`),
you: 'You',
handledBy: { human: 'a person', bot: 'automatic answer' },
wordless: { ask_human: 'I would like to talk to a person.', callback: 'I would like to be called.' },
states: {
sending: 'On its way',
refused: 'The institution did not take it',
failed: 'Could not be delivered',
undone: 'Undone, never sent',
},
learnedIntro:
'Each thing you do here, and what the institution learns of it. It also knows what you write to it, what you agreed to or stopped, whether and when its messages and documents can reach you, and, if you agreed, why a message cannot and when you open a document.',
learnedNothing: 'They have learned nothing about you so far.',
kinds: {
displayed: 'message displayed',
opened: 'message opened',
clicked: 'link or button used',
dismissed: 'message hidden',
reported: 'message reported as advertising',
muted: 'institution muted',
unmuted: 'institution unmuted',
reply: 'reply sent',
ask_human: 'person asked for',
callback: 'call asked for',
},
told: {
individual: 'Passed on as it is',
unconfirmed: 'Sent, but no answer came: it may have it',
aggregate: 'Counted in a total, without naming you',
perhaps_aggregate: 'Perhaps counted in a total, without naming you',
never: 'Not passed on',
},
toldAt: (when) => ` (${when})`,
putBack: 'Put back',
putBackAbout: (what, when) => `Put back: ${what}, ${when}`,
more: 'Show more',
mutedOnes: 'Muted',
noMutes: 'No institution is muted.',
unmute: (name) => `Unmute ${name}`,
mutedUntil: (end) => `until ${end}`,
mutedAgain: (name) => `${name} is muted again.`,
calm: 'Messages shown, at most',
calmHint: 'Over all institutions. Service messages don’t count.',
calmChoices: {
none: 'No limit of mine',
'1/1/week': 'One a week',
'3/1/week': 'Three a week',
'1/1/day': 'One a day',
'3/1/day': 'Three a day',
},
calmOther: (max, per, unit) => `${max} per ${per > 1 ? `${per} × ` : ''}${unit}`,
quiet: 'Leave me in peace at certain hours',
from: 'from',
until: 'to',
save: 'Save',
saved: 'Settings saved.',
unsaved: 'Your former settings hold again.',
loading: 'Loading…',
retry: 'Try again',
failures: {
feed: 'Your messages could not be loaded.',
view: 'This page could not be loaded.',
send: 'It could not be sent; your text is still here.',
change: 'The change could not be saved.',
},
causes: {
network: 'Check your connection, then try again.',
session: 'Your session has ended; reload the page.',
origin: 'This site is not allowed to show them.',
busy: 'Too many requests at once; try again in a moment.',
limit: 'You have already written a lot to it today; try again tomorrow.',
link: 'You are no longer linked to this institution here.',
other: 'Try again in a moment.',
},
};
const FRENCH = {
locale: 'fr',
messages: 'Messages de vos institutions',
conversations: 'Échanges',
learned: 'Ce qu’elles apprennent',
wishes: 'Réglages',
back: 'Retour aux messages',
backToConversations: 'Retour aux échanges',
categories: {
service: 'Service',
advice: 'Conseil',
offer: 'Offre',
survey: 'Enquête',
} ,
fresh: 'Nouveau',
readMore: 'Lire la suite',
readLess: 'Réduire',
options: (title ) => `Options du message : ${title}`,
dismiss: 'Masquer ce message',
mute: (name ) => `Mettre ${name} en sourdine`,
muteFor: (name , days ) => `Mettre ${name} en sourdine pendant ${days} jours`,
report: 'Signaler comme publicité',
dismissed: 'Message masqué.',
muted: (name , end ) =>
`${name} est en sourdine${end === undefined ? '' : ` jusqu’au ${end}`}. Ses messages de service restent affichés.`,
reported: 'Signalé comme publicité ; le message est masqué.',
restored: 'Le message est de nouveau affiché.',
unmuted: (name ) => `${name} n’est plus en sourdine.`,
undo: 'Annuler',
newTab: (host ) => ` (${host}, nouvel onglet)`,
person: 'Parler à une personne',
personPage: 'Contacter une personne en ligne',
personPhone: (number ) => `Appeler une personne : ${number}`,
reply: 'Répondre',
write: 'Écrire',
showThread: 'Voir l’échange',
forms: {
reply: { label: (name ) => `Votre message à ${name}`, send: 'Envoyer' },
ask_human: {
label: (name ) => `Votre demande à une personne de ${name} (facultatif)`,
send: 'Demander une personne',
},
callback: {
label: (name ) => `Quand et à quel numéro ${name} peut vous rappeler (facultatif)`,
send: 'Demander un rappel',
},
},
left: (count ) => `${count} caractères restants`,
close: 'Fermer',
textNeeded: 'Écrivez votre message avant de l’envoyer.',
sent: {
reply: (name ) => `Message envoyé à ${name}.`,
ask_human: (name ) => `Demande envoyée : une personne de ${name} vous répondra ici.`,
callback: (name ) => `Demande de rappel envoyée à ${name}.`,
},
takenBack: 'Rien n’a été envoyé.',
tooLate: 'Trop tard : c’est déjà parti.',
noThreads: 'Vous n’avez pas encore d’échange.',
answered: 'A répondu',
waitingForHuman: 'Une personne doit vous répondre',
entryCount: (count ) => (count > 1 ? `${count} messages` : `${count} message`),
you: 'Vous',
handledBy: { human: 'une personne', bot: 'réponse automatique' } ,
wordless: {
ask_human: 'Je souhaite parler à une personne.',
callback: 'Je souhaite un rappel.',
} ,
states: {
sending: 'En chemin',
refused: 'L’institution ne l’a pas pris',
failed: 'N’a pas pu être remis',
undone: 'Annulé, jamais envoyé',
} ,
learnedIntro:
'Chaque chose que vous faites ici, et ce que l’institution en apprend. Elle sait aussi ce que vous lui écrivez, ce que vous avez accepté ou arrêté, si ses messages et documents peuvent vous parvenir et quand, et, si vous l’avez accepté, pourquoi un message ne le peut pas et quand vous ouvrez un document.',
learnedNothing: 'Elles n’ont rien appris de vous pour l’instant.',
kinds: {
displayed: 'message affiché',
opened: 'message ouvert',
clicked: 'lien ou bouton utilisé',
dismissed: 'message masqué',
reported: 'message signalé comme publicité',
muted: 'institution mise en sourdine',
unmuted: 'sourdine levée',
reply: 'réponse envoyée',
ask_human: 'personne demandée',
callback: 'rappel demandé',
} ,
told: {
individual: 'Transmis tel quel',
unconfirmed: 'Envoyé, mais sans réponse : elle l’a peut-être',
aggregate: 'Compté dans un total, sans vous nommer',
perhaps_aggregate: 'Peut-être compté dans un total, sans vous nommer',
never: 'Non transmis',
} ,
toldAt: (when ) => ` (${when})`,
putBack: 'Remettre',
putBackAbout: (what , when ) => `Remettre : ${what}, ${when}`,
more: 'Afficher la suite',
mutedOnes: 'En sourdine',
noMutes: 'Aucune institution n’est en sourdine.',
unmute: (name ) => `Rétablir ${name}`,
mutedUntil: (end ) => `jusqu’au ${end}`,
mutedAgain: (name ) => `${name} est de nouveau en sourdine.`,
calm: 'Messages montrés, au plus',
calmHint: 'Toutes institutions confondues. Les messages de service n’y comptent pas.',
calmChoices: {
none: 'Sans limite de ma part',
'1/1/week': 'Un par semaine',
'3/1/week': 'Trois par semaine',
'1/1/day': 'Un par jour',
'3/1/day': 'Trois par jour',
} ,
calmOther: (max , per , unit ) =>
`${max} par ${per > 1 ? `${per} × ` : ''}${unit === 'hour' ? 'heure' : unit === 'day' ? 'jour' : 'semaine'}`,
quiet: 'Me laisser tranquille à certaines heures',
from: 'de',
until: 'à',
save: 'Enregistrer',
saved: 'Réglages enregistrés.',
unsaved: 'Vos réglages précédents sont rétablis.',
loading: 'Chargement…',
retry: 'Réessayer',
failures: {
feed: 'Vos messages n’ont pas pu être chargés.',
view: 'Cette page n’a pas pu être chargée.',
send: 'L’envoi n’a pas abouti ; votre texte est toujours là.',
change: 'Le changement n’a pas pu être enregistré.',
},
causes: {
network: 'Vérifiez votre connexion, puis réessayez.',
session: 'Votre session a expiré ; rechargez la page.',
origin: 'Ce site n’est pas autorisé à les afficher.',
busy: 'Trop de demandes à la fois ; réessayez dans un instant.',
limit: 'Vous lui avez déjà beaucoup écrit aujourd’hui ; réessayez demain.',
link: 'Vous n’êtes plus en relation avec cette institution ici.',
other: 'Réessayez dans un instant.',
},
};
const FAR_MS = 300 * 86_400_000;
function textsFor(lang ) {
return lang.toLowerCase().split('-')[0] === 'fr' ? FRENCH : ENGLISH;
}
function showDay(at , { locale } ) {
const far = Math.abs(Date.parse(at) - Date.now()) > FAR_MS;
const day = new Intl.DateTimeFormat(locale, {
day: 'numeric',
month: 'long',
...(far && { year: 'numeric' }),
}).format(new Date(at));
return locale === 'fr' ? day.replace(/^1 /, '1er ') : day;
}
function showTime(at , { locale } ) {
return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(at));
}
const FOLDED_FROM = 320;
const MUTED_DAYS = 30;
function createCard(item , context , commands ) {
const { texts, headingLevel } = context;
const { organizationName: name } = item.from;
const titleId = freshId();
const menu = createMenu(texts.options(item.title), [
{ label: texts.dismiss, icon: 'hide', run: commands.dismiss },
{ label: texts.mute(name), icon: 'mute', run: () => commands.mute() },
{ label: texts.muteFor(name, MUTED_DAYS), icon: 'mute', run: () => commands.mute(MUTED_DAYS) },
{ label: texts.report, icon: 'flag', run: commands.report },
]);
const image = createImage(item, context);
const place = h('div', { class: 'answer' });
const answering = createAnswering({
place,
name,
about: { message: item.id },
context,
onSent: offerThread,
onClosed: () => menu.focus(),
});
const answer = (kind ) => {
context.engage(item.id, 'opened');
answering.open(kind);
};
const human = h('div', { class: 'human', part: 'human' }, ...humanControls(item, context, answer));
let offered = false;
function offerThread(thread ) {
if (offered) return;
offered = true;
human.append(
button({ class: 'quiet' }, () => context.openThread(thread), icon('talk'), texts.showThread),
);
}
const element = h(
'article',
{ class: 'card', part: 'card', 'aria-labelledby': titleId },
h(
'div',
{ class: 'head' },
h('span', { class: 'monogram', part: 'monogram', 'aria-hidden': 'true' }, monogram(name)),
h(
'div',
{ class: 'who' },
h('p', { class: 'from', part: 'from' }, name),
h(
'p',
{ class: 'meta', part: 'meta' },
h(
'span',
{ class: 'category', part: 'category' },
texts.categories[item.category] ?? item.category,
),
h('time', { datetime: item.placedAt }, showDay(item.placedAt, texts)),
!item.displayed && h('span', { class: 'fresh', part: 'fresh' }, texts.fresh),
),
),
menu.element,
),
heading(
headingLevel + 1,
{ class: 'title', part: 'title', id: titleId, lang: item.language },
item.title,
),
image?.element,
...bodyOf(item, context),
h('div', { class: 'actions', part: 'actions' }, ...actionControls(item, context, answer)),
place,
human,
);
return {
item,
element,
focus: () => menu.focus(),
offerThread,
close() {
answering.close();
image?.close();
},
};
}
function bodyOf(item , { texts, engage } ) {
const id = freshId();
const body = h('div', { class: 'body', part: 'body', id, lang: item.language }, safeNodes(item.bodyHtml));
if ((body.textContent ?? '').length < FOLDED_FROM) return [body];
body.classList.add('folded');
const fold = button(
{ class: 'quiet fold', 'aria-expanded': 'false', 'aria-controls': id },
() => {
const folded = body.classList.toggle('folded');
fold.setAttribute('aria-expanded', String(!folded));
fold.textContent = folded ? texts.readMore : texts.readLess;
if (!folded) engage(item.id, 'opened');
},
texts.readMore,
);
return [body, fold];
}
function monogram(name ) {
const words = name.replace(/^https?:\/\//, '').split(/[\s.-]+/);
return words
.slice(0, 2)
.map((word) => [...word][0]?.toUpperCase() ?? '')
.join('');
}
const DAY_MS = 86_400_000;
function createLeaving(options
) {
const { context, cards, places, remove, onChange } = options;
const { texts, api } = context;
const strips = new Map ();
function leave(at , ids , text , undo ) {
const strip = createUndoStrip({
text,
undo: texts.undo,
onUndo: () => void restore(),
onGone: () => end(),
});
const end = () => {
forget();
for (const id of ids) remove(id);
onChange();
};
const forget = () => {
strip.close();
strip.element.remove();
for (const id of ids) strips.delete(id);
};
const restore = async () => {
try {
await undo();
} catch (error) {
context.complain(explain(error, 'change', texts));
return;
}
forget();
for (const id of ids) {
const card = cards.get(id);
if (card !== undefined) places.get(id)?.replaceChildren(card.element);
setHidden(id, false);
}
cards.get(at)?.focus();
};
for (const id of ids) {
strips.set(id, { strip, end });
if (id === at) places.get(id)?.replaceChildren();
else setHidden(id, true);
}
places.get(at)?.prepend(strip.element);
strip.focus();
context.announce(text);
}
function setHidden(id , hidden ) {
const place = places.get(id);
if (place !== undefined) place.hidden = hidden;
}
function leaveBy(done , undone , text ) {
return (id ) => {
context.engage(id, done);
leave(id, [id], text, async () => {
context.engage(id, undone);
context.announce(texts.restored);
});
};
}
return {
has: (id) => strips.has(id),
dismiss: leaveBy('dismissed', 'restored', texts.dismissed),
report: leaveBy('reported', 'unreported', texts.reported),
async mute(id, days) {
const from = cards.get(id)?.item.from;
if (from === undefined) return;
const until = days === undefined ? undefined : new Date(context.nowMs() + days * DAY_MS).toISOString();
let former ;
try {
former = (await api.contact()).mutes.find(({ peer }) => peer === from.id);
await api.mute(from.id, until);
} catch (error) {
context.complain(explain(error, 'change', texts));
return;
}
const muted = [...cards.values()]
.filter(({ item }) => item.from.id === from.id && item.category !== 'service')
.map(({ item }) => item.id)
.filter((other) => !strips.has(other));
const end = until === undefined ? undefined : showDay(until, texts);
leave(id, muted, texts.muted(from.organizationName, end), async () => {
if (former === undefined) await api.unmute(from.id);
else await api.mute(from.id, former.until);
context.announce((former === undefined ? texts.unmuted : texts.mutedAgain)(from.organizationName));
});
},
settle: (id) => strips.get(id)?.end(),
close() {
for (const { strip } of strips.values()) strip.close();
},
};
}
const SEEN_AFTER_MS = 1_000;
const HALF = 0.5;
const THRESHOLDS = [0, 0.1, 0.2, 0.3, 0.4, HALF, 0.6, 0.8, 1];
function watchVisibility(handlers
) {
const inView = new Set ();
const timers = new Map ();
function look(entries ) {
for (const { target, isIntersecting, intersectionRatio, intersectionRect, rootBounds } of entries) {
const windowHeight = rootBounds?.height ?? window.innerHeight;
const enough = intersectionRatio >= HALF || intersectionRect.height >= windowHeight * HALF;
if (isIntersecting && enough) inView.add(target);
else inView.delete(target);
if (isIntersecting) handlers.onEnter(target);
judge(target);
}
}
function judge(element ) {
if (!inView.has(element) || document.visibilityState !== 'visible') {
clearTimeout(timers.get(element));
timers.delete(element);
} else if (!timers.has(element)) {
timers.set(
element,
setTimeout(() => confirm(element), SEEN_AFTER_MS),
);
}
}
function confirm(element ) {
look(observer.takeRecords());
if (!timers.has(element)) return;
unwatch(element);
handlers.onSeen(element);
}
function unwatch(element ) {
observer.unobserve(element);
clearTimeout(timers.get(element));
timers.delete(element);
inView.delete(element);
}
const judgeAll = () => {
for (const element of inView) judge(element);
};
const observer = new IntersectionObserver(look, { threshold: THRESHOLDS });
document.addEventListener('visibilitychange', judgeAll);
return {
watch: (element) => observer.observe(element),
unwatch,
close() {
observer.disconnect();
document.removeEventListener('visibilitychange', judgeAll);
for (const timer of timers.values()) clearTimeout(timer);
},
};
}
const LEAST_BETWEEN_MS = 2_000;
const STALE_MS = 60_000;
function createFeedView(options
) {
const { context, fetchFeed, onState } = options;
const { texts } = context;
const cards = new Map ();
const places = new Map ();
const list = h('ul', { class: 'cards', part: 'list', role: 'list' });
const title = heading(
context.headingLevel,
{ class: 'view-title', part: 'heading', tabindex: -1 },
texts.messages,
);
const trouble = h('div', {});
const element = h(
'div',
{ class: 'view' },
h('div', { class: 'top' }, title, options.navigation),
trouble,
list,
);
let loadedMs = 0;
let loading ;
const cardOf = (target ) => [...cards.values()].find((card) => card.element === target);
const leaseEnded = ({ displayed, leasedUntil } ) =>
!displayed && leasedUntil !== undefined && Date.parse(leasedUntil) <= context.nowMs();
const watch = watchVisibility({
onEnter(target) {
const card = cardOf(target);
if (card !== undefined && leaseEnded(card.item)) void load();
},
onSeen(target) {
const card = cardOf(target);
if (card === undefined || leaseEnded(card.item)) return;
card.item = { ...card.item, displayed: true };
context.engage(card.item.id, 'displayed');
},
});
const leaving = createLeaving({ context, cards, places, remove, onChange: tellState });
function tellState() {
onState(cards.size === 0 ? 'empty' : 'ready', cards.size);
}
function remove(id ) {
const card = cards.get(id);
if (card !== undefined) {
watch.unwatch(card.element);
card.close();
}
places.get(id)?.remove();
cards.delete(id);
places.delete(id);
}
function add(item ) {
const card = createCard(item, context, {
dismiss: () => leaving.dismiss(item.id),
mute: (days) => void leaving.mute(item.id, days),
report: () => leaving.report(item.id),
});
cards.set(item.id, card);
places.set(item.id, h('li', {}, card.element));
}
function show({ items } ) {
const offered = new Set(items.map(({ id }) => id));
for (const id of [...cards.keys()]) if (!offered.has(id) && !leaving.has(id)) remove(id);
for (const item of items) {
const card = cards.get(item.id);
if (card === undefined) add(item);
else card.item = { ...item, displayed: card.item.displayed || item.displayed };
}
const shown = items.flatMap(({ id }) => places.get(id) ?? []);
for (const [index, place] of shown.entries())
if (list.children[index] !== place) list.insertBefore(place, list.children[index] ?? null);
for (const { item, element: card } of cards.values()) {
if (item.displayed) continue;
watch.unwatch(card);
watch.watch(card);
}
trouble.replaceChildren();
tellState();
}
async function fetchAndShow() {
if (cards.size === 0) onState('loading', 0);
try {
show(await fetchFeed());
} catch (error) {
if (cards.size > 0) return;
trouble.replaceChildren(failureBox(error, 'feed', texts, () => void load()));
onState('error', 0);
return;
}
if (cards.size > 0) await offerThreads();
}
async function offerThreads() {
const threads = await context.api.threads().catch(() => []);
const running = new Set(threads.map(({ thread }) => thread));
for (const card of cards.values()) if (running.has(card.item.thread)) card.offerThread(card.item.thread);
}
async function load() {
if (loading !== undefined) return loading;
const waitMs = loadedMs + LEAST_BETWEEN_MS - performance.now();
if (loadedMs > 0 && waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
loading ??= fetchAndShow().finally(() => {
loading = undefined;
loadedMs = performance.now();
});
return loading;
}
return {
element,
load,
freshen() {
if (loadedMs > 0 && performance.now() - loadedMs > STALE_MS) void load();
},
settle: leaving.settle,
focus: () => title.focus(),
close() {
watch.close();
for (const id of [...cards.keys()]) remove(id);
leaving.close();
},
};
}
function createFrame(options
) {
const { context } = options;
const { texts } = context;
const title = heading(
context.headingLevel,
{ class: 'view-title', part: 'heading', tabindex: -1 },
options.title,
);
const body = h('div', { class: 'view-body' });
const back = button({ class: 'quiet back' }, options.onBack, icon('back'), options.back);
const element = h('div', { class: 'view' }, back, title, body);
async function fill(load ) {
element.setAttribute('aria-busy', 'true');
body.replaceChildren(h('p', { class: 'meta' }, texts.loading));
try {
const children = await load();
body.replaceChildren(...children.filter((child) => child !== undefined && child !== false));
} catch (error) {
body.replaceChildren(failureBox(error, 'view', texts, () => void fill(load)));
} finally {
element.removeAttribute('aria-busy');
}
}
return {
element,
body,
fill,
setTitle(text) {
title.textContent = text;
},
focus: () => title.focus(),
close() {},
};
}
function createLearnedView(
context ,
onPutBack ,
onBack ,
) {
const { texts, api } = context;
const frame = createFrame({ title: texts.learned, back: texts.back, onBack, context });
const list = h('ul', { class: 'rows', role: 'list' });
const further = h('div', {});
async function add(cursor ) {
const { events, next } = await api.learned(cursor);
const rows = events.map((event) => learnedRow(event, context, onPutBack));
list.append(...rows);
further.replaceChildren();
if (next === null) return;
const more = button(
{ class: 'button' },
() => {
more.disabled = true;
add(next)
.catch((error ) => context.complain(explain(error, 'view', texts)))
.finally(() => {
more.disabled = false;
});
},
texts.more,
);
further.append(more);
}
void frame.fill(async () => {
list.replaceChildren();
await add();
const intro = h('p', { class: 'intro' }, texts.learnedIntro);
return list.children.length === 0
? [intro, h('p', { class: 'meta' }, texts.learnedNothing)]
: [intro, list, further];
});
return frame;
}
function learnedRow(
event ,
context ,
onPutBack ,
) {
const { texts } = context;
const told = texts.told[event.told] ?? event.told;
const when = event.toldAt === undefined ? '' : texts.toldAt(showTime(event.toldAt, texts));
return h(
'li',
{ class: 'learned', part: 'row' },
h('span', { class: 'from' }, event.from.organizationName),
h('span', {}, texts.kinds[event.kind] ?? event.kind),
h('time', { class: 'meta', datetime: event.at }, showTime(event.at, texts)),
h('span', { class: `told ${event.told}` }, `${told}${when}`),
putBack(event, context, onPutBack),
);
}
function putBack(
{ message, undo, kind, at } ,
{ texts, api, nowMs, announce, complain } ,
onPutBack ,
) {
if (message === undefined || undo === undefined) return undefined;
const about = texts.putBackAbout(texts.kinds[kind] ?? kind, showTime(at, texts));
const place = h('div', { class: 'back-again' });
const run = async () => {
again.disabled = true;
try {
const { recorded } = await api.engage([{ message, kind: undo, at: new Date(nowMs()).toISOString() }]);
if (recorded === 0) throw new SlotError('other');
} catch (error) {
complain(explain(error, 'change', texts));
again.disabled = false;
again.focus();
return;
}
onPutBack(message);
const done = h('p', { class: 'note', tabindex: -1 }, texts.restored);
place.replaceChildren(done);
done.focus();
announce(texts.restored);
};
const again = button({ class: 'button', 'aria-label': about }, () => void run(), texts.putBack);
place.append(again);
return place;
}
const RENEWED_AFTER = 0.8;
function createSessions(fetchSession ) {
let held ;
let coming ;
async function renew() {
const askedMs = Date.now();
const session = await fetchSession();
const lifeMs = Date.parse(session.expiresAt) - askedMs;
const renewAtMs = lifeMs > 0 ? askedMs + lifeMs * RENEWED_AFTER : Number.POSITIVE_INFINITY;
held = { session, renewAtMs };
return session;
}
return {
async current() {
if (held !== undefined && Date.now() < held.renewAtMs) return held.session;
coming ??= renew().finally(() => {
coming = undefined;
});
return coming;
},
drop(token) {
if (held?.session.token === token) held = undefined;
},
};
}
async function fetchSessionFrom(address ) {
const response = await fetch(address, {
method: 'POST',
headers: { accept: 'application/json' },
credentials: 'same-origin',
cache: 'no-store',
});
if (!response.ok) throw new Error(`the vault answered ${response.status} when asked for a session`);
return (await response.json()) ;
}
const STYLES = `
:host {
--_accent: var(--ivs-accent, light-dark(#0b5a7d, #8fd0ee));
--_on-accent: var(--ivs-on-accent, light-dark(#ffffff, #06202d));
--_text: var(--ivs-text, light-dark(#17202a, #e9eef3));
--_muted: var(--ivs-muted, light-dark(#566472, #a7b4c0));
--_surface: var(--ivs-surface, light-dark(#ffffff, #1a222b));
--_soft: var(--ivs-soft, light-dark(#eef4f7, #25303b));
--_line: var(--ivs-line, light-dark(#d7dfe6, #36434f));
--_failed: var(--ivs-failed, light-dark(#a3261f, #ffb1a8));
--_failed-soft: light-dark(#fcefed, #3a2321);
--_radius: var(--ivs-radius, 14px);
display: block;
color: var(--_text);
font-family: var(--ivs-font, inherit);
font-size: var(--ivs-font-size, 1rem);
line-height: 1.5;
container-type: inline-size;
}
:host([hidden]), [hidden] { display: none !important; }
:host(:not([state])), :host([state='loading']:not([view])), :host([state='empty']:not([view])) { display: none; }
*, *::before, *::after { box-sizing: border-box; }
p, h1, h2, h3, h4, h5, h6, ul, ol { margin: 0; }
.unseen {
position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden;
clip-path: inset(50%); white-space: nowrap;
}
.icon {
width: 1.15em; height: 1.15em; flex: none; fill: none; stroke: currentColor;
stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; vertical-align: -0.2em;
}
.top { display: flex; flex-wrap: wrap; align-items: center; gap: 0.25rem 1rem; margin-block-end: 0.75rem; }
.view-title { font-size: 1.25em; font-weight: 650; line-height: 1.25; letter-spacing: -0.01em; text-wrap: balance; }
.top .view-title { flex: 1 1 auto; }
.view-title:focus, .title:focus { outline: none; }
.navigation { display: flex; flex-wrap: wrap; gap: 0 0.25rem; margin-inline: -0.5rem; }
.cards, .rows, .talk { list-style: none; padding: 0; display: grid; gap: 0.875rem; }
.card {
position: relative; display: grid; gap: 0.625rem; padding: 1.125rem 1.25rem 0;
background: var(--_surface); border: 1px solid var(--_line); border-radius: var(--_radius);
box-shadow: 0 1px 2px rgb(0 0 0 / 0.04);
}
.head { display: flex; align-items: center; gap: 0.75rem; }
.monogram {
display: grid; place-items: center; flex: none; width: 2.5rem; height: 2.5rem; border-radius: 50%;
background: var(--_soft); color: var(--_accent); font-size: 0.875em; font-weight: 650;
}
.who { flex: 1; min-width: 0; line-height: 1.35; }
.from { font-weight: 600; overflow-wrap: anywhere; }
.meta { color: var(--_muted); font-size: 0.875em; }
p.meta { display: flex; flex-wrap: wrap; align-items: center; gap: 0.125rem 0.5rem; }
.category {
padding: 0 0.5rem; border-radius: 1rem; background: var(--_soft); color: var(--_text); font-size: 0.9286em;
}
.fresh { display: inline-flex; align-items: center; gap: 0.3rem; color: var(--_accent); font-weight: 600; }
.fresh::before { content: ''; width: 0.45rem; height: 0.45rem; border-radius: 50%; background: currentColor; }
.title { font-size: 1.0625em; font-weight: 650; line-height: 1.3; overflow-wrap: anywhere; text-wrap: pretty; }
.image {
display: block; width: auto; max-width: 100%; height: auto; max-height: 22rem; object-fit: contain;
object-position: left; border-radius: calc(var(--_radius) * 0.6);
}
.body { overflow-wrap: anywhere; max-width: 65ch; }
.body > * + * { margin-block-start: 0.5rem; }
.body ul, .body ol { padding-inline-start: 1.35rem; }
.body ul { list-style: disc; }
.body.folded { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 4; overflow: hidden; }
.actions, .row { display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem; }
.actions:empty, .answer:empty { display: none; }
.human {
display: flex; flex-wrap: wrap; gap: 0 0.25rem; margin: 0.25rem -1.25rem 0; padding: 0.25rem 0.75rem;
border-block-start: 1px solid var(--_line);
}
button, .button, .quiet {
display: inline-flex; align-items: center; gap: 0.45rem; min-height: 2.75rem; margin: 0; border: 0;
background: none; color: inherit; font: inherit; text-align: start; text-decoration: none; cursor: pointer;
}
.button {
justify-content: center; padding: 0.4rem 1.1rem; border: 1px solid var(--_line); border-radius: 999px;
background: var(--_surface); color: var(--_accent); font-weight: 600;
}
.button.main { border-color: var(--_accent); background: var(--_accent); color: var(--_on-accent); }
.quiet { padding: 0.25rem 0.5rem; border-radius: 0.5rem; color: var(--_accent); font-size: 0.9375em; font-weight: 500; }
.quiet.round { justify-content: center; width: 2.75rem; padding: 0; border-radius: 50%; color: var(--_muted); }
.quiet.fold { justify-self: start; margin-inline-start: -0.5rem; margin-block-start: -0.5rem; }
.quiet.back { margin-inline-start: -0.5rem; }
.quiet.round .icon { width: 1.5rem; height: 1.5rem; stroke-width: 3; }
button:disabled { opacity: 0.6; cursor: default; }
:focus-visible { outline: 3px solid var(--_accent); outline-offset: 2px; }
@media (hover: hover) {
.button:hover { background: var(--_soft); }
.button.main:hover { background: color-mix(in srgb, var(--_accent) 88%, var(--_text)); }
.quiet:hover, .menu-entry:hover, .row-button:hover { background: var(--_soft); }
}
.menu { position: relative; flex: none; margin-inline-end: -0.5rem; }
.menu-list {
position: absolute; inset-block-start: 100%; inset-inline-end: 0; z-index: 2; display: grid;
width: max-content; max-width: min(20rem, 80cqi); padding: 0.375rem; background: var(--_surface);
border: 1px solid var(--_line); border-radius: var(--_radius); box-shadow: 0 8px 28px rgb(0 0 0 / 0.18);
}
.menu-entry { gap: 0.75rem; padding: 0.4rem 0.75rem; border-radius: calc(var(--_radius) - 0.375rem); line-height: 1.3; }
.menu-entry .icon { color: var(--_muted); }
.strip {
display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: 0.5rem 1rem;
padding: 0.625rem 0.75rem 0.625rem 1.25rem; min-height: 4rem; background: var(--_soft);
border-radius: var(--_radius);
}
.strip p { flex: 1 1 8rem; }
.strip + .card { margin-block-start: 0.875rem; }
.answer .strip, .form .strip { padding-inline-start: 1rem; }
.form .strip { background: var(--_surface); }
.muted .strip { flex: 1; margin: -0.5rem -0.75rem -0.5rem -1.25rem; border-radius: 0; }
.form { display: grid; gap: 0.5rem; padding: 1rem; background: var(--_soft); border-radius: var(--_radius); }
.form label { font-weight: 600; }
textarea, select, input[type='time'] {
width: 100%; min-height: 2.75rem; padding: 0.5rem 0.75rem; border: 1px solid var(--_muted); border-radius: 0.6rem;
background: var(--_surface); color: var(--_text); font: inherit;
}
textarea { resize: vertical; }
textarea[aria-invalid] { border-color: var(--_failed); }
select, input[type='time'] { width: auto; justify-self: start; max-width: 100%; }
input[type='checkbox'] { width: 1.25rem; height: 1.25rem; margin: 0; flex: none; accent-color: var(--_accent); }
.check { display: flex; align-items: center; gap: 0.6rem; min-height: 2.75rem; }
.check label { flex: 1; padding-block: 0.5rem; }
.time { display: inline-flex; align-items: center; gap: 0.5rem; }
.note { color: var(--_muted); font-size: 0.875em; }
.note:empty { display: none; }
.note.failed { color: var(--_failed); }
.failure {
display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: 0.5rem 1rem;
margin-block-end: 0.75rem; padding: 0.75rem 1rem; border-radius: var(--_radius);
background: var(--_failed-soft); color: var(--_failed);
}
.view-body { display: grid; gap: 1rem; margin-block-start: 0.75rem; }
.intro { max-width: 60ch; color: var(--_muted); }
.rows { gap: 0; border: 1px solid var(--_line); border-radius: var(--_radius); background: var(--_surface); overflow: clip; }
.rows:empty { display: none; }
.rows > li + li { border-block-start: 1px solid var(--_line); }
.row-button {
display: flex; flex-wrap: wrap; gap: 0.125rem 0.75rem; width: 100%; padding: 0.75rem 1.25rem; align-items: baseline;
}
.row-button:focus-visible { outline-offset: -3px; border-radius: var(--_radius); }
.row-button .from { flex: 1 1 100%; }
.learned { display: grid; grid-template-columns: 1fr auto; gap: 0.125rem 1rem; padding: 0.75rem 1.25rem; }
.learned .from, .learned .told { grid-column: 1; }
.learned .from { font-size: 0.875em; }
.learned > :nth-child(2)::first-letter { text-transform: uppercase; }
.learned time { grid-column: 2; grid-row: 1; }
.back-again { grid-column: 2; grid-row: 2 / 4; place-self: center end; }
.back-again .note:focus { outline: none; }
.told { color: var(--_muted); font-size: 0.875em; }
.told.individual { color: var(--_accent); }
.muted { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: 0.5rem; padding: 0.5rem 0.75rem 0.5rem 1.25rem; }
.talk { gap: 0.75rem; justify-items: start; max-width: 46rem; }
.said {
max-width: min(85%, 60ch); padding: 0.75rem 1rem; border: 1px solid var(--_line);
border-radius: var(--_radius) var(--_radius) var(--_radius) 0.25rem; background: var(--_surface);
}
.said.mine {
justify-self: end; border-color: transparent; border-radius: var(--_radius) var(--_radius) 0.25rem; background: var(--_soft);
}
.said-title { font-weight: 650; }
.said .meta strong { color: var(--_text); }
@container (max-width: 30rem) {
.card { padding-inline: 1rem; }
.human { margin-inline: -1rem; padding-inline: 0.5rem; }
.actions .button { flex: 1 1 auto; }
.navigation .icon { display: none; }
.navigation .quiet { padding-inline: 0.375rem; font-size: 0.875em; }
.navigation { margin-inline: -0.375rem; }
.learned { grid-template-columns: 1fr; }
.learned time { grid-column: 1; grid-row: auto; }
.back-again { grid-column: 1; grid-row: auto; place-self: start; }
}
@media (prefers-reduced-motion: no-preference) {
.strip, .form { animation: arrive 0.18s ease-out; }
.button, .quiet { transition: background-color 0.12s; }
@keyframes arrive { from { opacity: 0; } }
}
@media (forced-colors: active) {
.card, .strip, .form, .said, .category { border: 1px solid; }
}
`;
const REFRESH_MS = 20_000;
function createThreadView(context , thread , onBack ) {
const { texts, api } = context;
const frame = createFrame({
title: texts.conversations,
back: texts.backToConversations,
onBack,
context,
});
const list = h('ol', { class: 'talk', part: 'talk', role: 'list' });
const place = h('div', { class: 'answer' });
function show({ from, entries } ) {
frame.setTitle(from.organizationName);
if (list.children.length === entries.length && list.dataset['last'] === stateOf(entries)) return;
list.dataset['last'] = stateOf(entries);
list.replaceChildren(...entries.map((entry) => said(entry, from.organizationName, context)));
}
const refresh = () => {
api.thread(thread, texts.locale).then(show, () => {});
};
void frame.fill(async () => {
const found = await api.thread(thread, texts.locale);
show(found);
const answering = createAnswering({
place,
name: found.from.organizationName,
about: { thread },
context,
onSent: refresh,
onTakenBack: refresh,
onClosed: () => frame.focus(),
});
const ways = h(
'div',
{ class: 'actions' },
button(
{ class: 'button main', part: 'button' },
() => answering.open('reply'),
icon('talk'),
texts.reply,
),
button({ class: 'quiet' }, () => answering.open('ask_human'), icon('person'), texts.person),
);
return [list, ways, place];
});
const timer = setInterval(() => {
if (document.visibilityState === 'visible') refresh();
}, REFRESH_MS);
return { ...frame, close: () => clearInterval(timer) };
}
const stateOf = (entries ) => entries.map(({ id, state }) => `${id} ${state}`).join();
function said(entry , name , context ) {
const { texts } = context;
const mine = entry.by === 'customer';
const handledBy = entry.handledBy === undefined ? undefined : texts.handledBy[entry.handledBy];
const who = mine ? texts.you : name;
const state = entry.state === undefined ? undefined : texts.states[entry.state];
return h(
'li',
{ class: mine ? 'said mine' : 'said', part: mine ? 'said mine' : 'said' },
h(
'p',
{ class: 'meta' },
h('strong', {}, handledBy === undefined ? who : `${who}, ${handledBy}`),
h('time', { datetime: entry.at }, showTime(entry.at, texts)),
),
entry.title !== undefined && h('p', { class: 'said-title', lang: entry.language }, entry.title),
h('div', { class: 'body', lang: entry.language }, ...wordsOf(entry, texts.wordless)),
state !== undefined && h('p', { class: 'meta' }, state),
);
}
function wordsOf({ bodyHtml, body, kind } , wordless ) {
if (bodyHtml !== undefined) return [safeNodes(bodyHtml)];
const words = body === undefined || body === '' ? (wordless[kind] ?? '') : body;
return words.split('\n').map((line) => h('p', {}, line));
}
function createThreadsView(context , onBack ) {
const { texts, api } = context;
const frame = createFrame({ title: texts.conversations, back: texts.back, onBack, context });
void frame.fill(async () => {
const threads = await api.threads();
if (threads.length === 0) return [h('p', { class: 'meta' }, texts.noThreads)];
const newest = threads.toSorted((one, other) => Date.parse(other.lastAt) - Date.parse(one.lastAt));
return [
h(
'ul',
{ class: 'rows', role: 'list' },
...newest.map((thread) => h('li', {}, threadRow(thread, context))),
),
];
});
return frame;
}
function threadRow(
{ thread, from, entries, lastAt, waitingForHuman, answered } ,
context ,
) {
const { texts } = context;
return button(
{ class: 'row-button', part: 'row' },
() => context.openThread(thread),
h('span', { class: 'from' }, from.organizationName),
h('span', { class: 'meta' }, `${texts.entryCount(entries)}, ${showTime(lastAt, texts)}`),
answered && h('span', { class: 'category' }, texts.answered),
waitingForHuman && h('span', { class: 'category' }, texts.waitingForHuman),
);
}
async function createMutes(
contact ,
context ,
known ,
) {
const { texts, api } = context;
const names = await namesOf(contact, context, known);
const none = h('p', { class: 'meta', hidden: contact.mutes.length > 0 }, texts.noMutes);
const list = h('ul', { class: 'rows', role: 'list' });
const title = heading(context.headingLevel + 1, { class: 'title', tabindex: -1 }, texts.mutedOnes);
const strips = new Set ();
function add({ peer, until } ) {
const name = names.get(peer) ?? peer;
const end = until !== undefined && h('span', { class: 'meta' }, texts.mutedUntil(showDay(until, texts)));
const unmute = button({ class: 'button' }, () => void finish(), texts.unmute(name));
const row = [h('p', { class: 'row' }, h('span', { class: 'from' }, name), ' ', end), unmute];
const entry = h('li', { class: 'muted' }, ...row);
async function finish() {
if (!(await changed(() => api.unmute(peer)))) return;
const text = texts.unmuted(name);
const strip = createUndoStrip({
text,
undo: texts.undo,
onUndo: () => void again(strip),
onGone: () => {
strips.delete(strip);
entry.remove();
none.hidden = list.children.length > 0;
},
});
strips.add(strip);
entry.replaceChildren(strip.element);
strip.focus();
context.announce(text);
}
async function again(strip ) {
if (!(await changed(() => api.mute(peer, until)))) return;
strip.close();
strips.delete(strip);
entry.replaceChildren(...row);
unmute.focus();
context.announce(texts.mutedAgain(name));
}
list.append(entry);
}
async function changed(change ) {
try {
await change();
return true;
} catch (error) {
context.complain(explain(error, 'change', texts));
return false;
}
}
for (const mute of contact.mutes) add(mute);
return {
elements: [title, none, list],
close() {
for (const strip of strips) strip.close();
},
};
}
async function namesOf(
{ mutes } ,
{ api } ,
known ,
) {
if (mutes.every(({ peer }) => known.has(peer))) return known;
const { events } = await api.learned().catch(() => ({ events: [] }));
return new Map([...known, ...events.map(({ from }) => [from.id, from.organizationName] )]);
}
const EVENING = { from: '20:00', to: '08:00' };
function createWishesView(
context ,
known ,
onBack ,
) {
const { texts, api } = context;
const frame = createFrame({ title: texts.wishes, back: texts.back, onBack, context });
let form ;
let mutes ;
void frame.fill(async () => {
const contact = await api.contact();
mutes = await createMutes(contact, context, known);
form = createWishesForm(contact, context);
return [form.element, ...mutes.elements];
});
return {
...frame,
close() {
form?.close();
mutes?.close();
},
};
}
const keyOf = (calm ) =>
calm === undefined ? 'none' : `${calm.max}/${calm.per}/${calm.unit}`;
function calmOf(key ) {
const [max, per, unit] = key.split('/');
return unit === undefined ? undefined : { max: Number(max), per: Number(per), unit: unit };
}
function createWishesForm(contact , { texts, api, announce, complain } ) {
const [calmId, hintId, quietId] = [freshId(), freshId(), freshId()];
const { mutes: _mutes, ...given } = contact;
let held = given;
let strip ;
const choices = { ...texts.calmChoices };
if (given.calm !== undefined)
choices[keyOf(given.calm)] ??= texts.calmOther(given.calm.max, given.calm.per, given.calm.unit);
const calm = h(
'select',
{ id: calmId, 'aria-describedby': hintId },
...Object.entries(choices).map(([value, label]) => h('option', { value }, label)),
);
const quiet = h('input', { type: 'checkbox', id: quietId });
const time = (label ) => {
const input = h('input', { type: 'time', required: true });
return { input, field: h('label', { class: 'time' }, label, input) };
};
const [from, to] = [time(texts.from), time(texts.until)];
const hours = h('div', { class: 'row' }, from.field, to.field);
const save = h('button', { type: 'submit', class: 'button main', part: 'button' }, texts.save);
const said = h('div', {});
function show(wishes ) {
calm.value = keyOf(wishes.calm);
quiet.checked = wishes.quiet !== undefined;
from.input.value = wishes.quiet?.from ?? EVENING.from;
to.input.value = wishes.quiet?.to ?? EVENING.to;
hours.hidden = !quiet.checked;
}
function wished() {
const { calm: _calm, quiet: _quiet, ...kept } = held;
const zone = held.quiet?.zone ?? held.zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
const chosen = calmOf(calm.value);
return {
...kept,
...(chosen !== undefined && { calm: chosen }),
...(quiet.checked && { quiet: { from: from.input.value, to: to.input.value, zone } }),
};
}
function clear() {
strip?.close();
strip = undefined;
said.replaceChildren();
}
async function set(wishes ) {
try {
const { mutes: _now, ...kept } = await api.setContact(wishes);
held = kept;
return true;
} catch (error) {
complain(explain(error, 'change', texts));
return false;
}
}
async function submit() {
const before = held;
if (!(await set(wished()))) return;
clear();
strip = createUndoStrip({
text: texts.saved,
undo: texts.undo,
onUndo: () => void putBack(before),
onGone: clear,
});
said.append(strip.element);
strip.focus();
announce(texts.saved);
}
async function putBack(before ) {
if (!(await set(before))) return;
clear();
show(before);
save.focus();
announce(texts.unsaved);
}
show(given);
const element = listen(
h(
'form',
{ class: 'form', part: 'form' },
h('label', { for: calmId }, texts.calm),
calm,
h('p', { class: 'meta', id: hintId }, texts.calmHint),
h('div', { class: 'check' }, quiet, h('label', { for: quietId }, texts.quiet)),
hours,
h('div', { class: 'row' }, save),
said,
),
{
submit: (event) => {
event.preventDefault();
void submit();
},
change: () => {
hours.hidden = !quiet.checked;
},
},
);
return { element, close: clear };
}
function createWriteView(context , to , onBack ) {
const { texts } = context;
const { id, organizationName: name } = to;
const frame = createFrame({ title: name, back: texts.back, onBack, context });
const place = h('div', { class: 'answer' });
const answering = createAnswering({
place,
name,
about: { peer: id },
context,
onSent: (thread) => offer(thread),
onTakenBack: () => further.replaceChildren(),
onClosed: () => frame.focus(),
});
const further = h('div', {});
const offer = (thread ) =>
further.replaceChildren(
button({ class: 'quiet' }, () => context.openThread(thread), icon('talk'), texts.showThread),
);
frame.body.append(
h(
'div',
{ class: 'actions' },
button(
{ class: 'button main', part: 'button' },
() => answering.open('reply'),
icon('talk'),
texts.write,
),
button({ class: 'quiet' }, () => answering.open('ask_human'), icon('person'), texts.person),
),
place,
further,
);
return { ...frame, close: () => answering.close() };
}
const COMPLAINT_MS = 15_000;
const sheet = new CSSStyleSheet();
sheet.replaceSync(STYLES);
class IntervaultSlot extends HTMLElement {
static observedAttributes = ['api', 'placement', 'lang', 'limit', 'session-url', 'heading-level'];
#shadow = this.attachShadow({ mode: 'open' });
#said = h('div', { class: 'unseen', role: 'status' });
#complaint = h('div', { role: 'alert' });
#frame = h('section', { class: 'slot', part: 'base' });
#names = new Map ();
#getSession ;
#session ;
#feed ;
#view ;
#queue ;
#context ;
#startAsked = false;
#complaintTimer ;
constructor() {
super();
this.#shadow.adoptedStyleSheets = [sheet];
this.#shadow.append(this.#frame, this.#said);
for (const name of ['getSession', 'session'] ) this.#takeOver(name);
}
get getSession() {
return this.#getSession;
}
set getSession(getSession ) {
this.#getSession = getSession;
this.#askStart();
}
get session() {
return this.#session;
}
set session(session ) {
const first = this.#session === undefined;
this.#session = session;
if (first) this.#askStart();
}
connectedCallback() {
document.addEventListener('visibilitychange', this.#onVisibility);
window.addEventListener('pagehide', this.#onHide);
this.#askStart();
}
disconnectedCallback() {
document.removeEventListener('visibilitychange', this.#onVisibility);
window.removeEventListener('pagehide', this.#onHide);
this.#stop();
}
attributeChangedCallback(_name , before , after ) {
if (before !== after) this.#askStart();
}
async refresh() {
await this.#feed?.load();
}
open(name ) {
const context = this.#context;
if (context === undefined) return;
const back = () => this.open('messages');
if (name === 'messages') this.#show(undefined);
else if (name === 'conversations') this.#show(createThreadsView(context, back));
else if (name === 'learned')
this.#show(createLearnedView(context, (message) => this.#feed?.settle(message), back));
else this.#show(createWishesView(context, this.#names, back));
}
write(to ) {
const context = this.#context;
if (context !== undefined) this.#show(createWriteView(context, to, () => this.open('messages')));
}
#takeOver(name ) {
if (!Object.hasOwn(this, name)) return;
const value = this[name];
delete this[name];
queueMicrotask(() => Object.assign(this, { [name]: value }));
}
#onVisibility = () => {
if (document.visibilityState === 'visible') this.#feed?.freshen();
else this.#queue?.flush();
};
#onHide = () => this.#queue?.flush();
#askStart() {
if (this.#startAsked) return;
this.#startAsked = true;
queueMicrotask(() => {
this.#startAsked = false;
this.#stop();
if (this.isConnected) this.#start();
});
}
#fetchSession() {
if (this.#getSession !== undefined) return this.#getSession;
const address = this.getAttribute('session-url');
if (address !== null) return () => fetchSessionFrom(address);
if (this.#session === undefined) return undefined;
let given ;
return async () => {
if (this.#session === given) this.#emit('intervault-session', {});
if (this.#session === undefined || this.#session === given)
throw new Error('the page gave no new session');
given = this.#session;
return given;
};
}
#start() {
const fetchSession = this.#fetchSession();
if (fetchSession === undefined) return;
const lang = this.closest('[lang]')?.getAttribute('lang') || navigator.language;
const texts = textsFor(lang);
const api = createSlotApi(createSessions(fetchSession), this.getAttribute('api') ?? undefined);
let aheadMs = 0;
const nowMs = () => Date.now() + aheadMs;
const queue = createEngagementQueue({ send: api.engage, nowMs, onLate: () => void this.refresh() });
const context = {
api,
texts,
headingLevel: Number(this.getAttribute('heading-level')) || 2,
nowMs,
engage: queue.add,
announce: (text) => this.#announce(text),
complain: (text) => this.#complain(text),
emit: (name, detail) => this.#emit(name, detail),
openThread: (thread) => this.#show(createThreadView(context, thread, () => this.open('conversations'))),
};
const fetchFeed = async () => {
const feed = await api.feed(this.#query(lang));
aheadMs = Date.parse(feed.now) - Date.now();
for (const { from } of feed.items) this.#names.set(from.id, from.organizationName);
return feed;
};
this.#queue = queue;
this.#context = context;
this.#feed = createFeedView({
context,
fetchFeed,
navigation: this.#navigation(context),
onState: (state, count) => this.#setState(state, count),
});
setAttributes(this.#frame, { lang: texts.locale, 'aria-label': texts.messages });
this.#frame.replaceChildren(this.#complaint, this.#feed.element);
void this.#feed.load();
}
#stop() {
this.#queue?.close();
this.#view?.close();
this.#feed?.close();
this.#frame.replaceChildren();
this.#complaint.replaceChildren();
this.#queue = this.#view = this.#feed = this.#context = undefined;
this.removeAttribute('view');
}
#query(lang ) {
const query = {};
const [placement, limit] = [this.getAttribute('placement'), this.getAttribute('limit')];
if (placement) query['placement'] = placement;
if (limit) query['limit'] = limit;
const locale = localeOf(lang);
if (locale !== undefined) query['locale'] = locale;
return query;
}
#navigation({ texts } ) {
return h(
'div',
{ class: 'navigation', part: 'navigation' },
button({ class: 'quiet' }, () => this.open('conversations'), icon('talk'), texts.conversations),
button({ class: 'quiet' }, () => this.open('learned'), icon('eye'), texts.learned),
button({ class: 'quiet' }, () => this.open('settings'), icon('settings'), texts.wishes),
);
}
#show(view ) {
const feed = this.#feed;
if (feed === undefined || (view === undefined && this.#view === undefined)) return;
this.#complaint.replaceChildren();
this.#view?.close();
this.#view?.element.remove();
this.#view = view;
feed.element.hidden = view !== undefined;
this.toggleAttribute('view', view !== undefined);
if (view !== undefined) this.#frame.append(view.element);
else void feed.load();
(view ?? feed).focus();
}
#setState(state , count ) {
this.setAttribute('state', state);
this.#emit('intervault-state', { state, count });
}
#announce(text ) {
this.#said.textContent = '';
setTimeout(() => {
this.#said.textContent = text;
}, 50);
}
#complain(text ) {
clearTimeout(this.#complaintTimer);
this.#complaint.replaceChildren(h('p', { class: 'failure', part: 'failure' }, text));
this.#complaintTimer = setTimeout(() => this.#complaint.replaceChildren(), COMPLAINT_MS);
}
#emit(name , detail ) {
const event = new CustomEvent(name, { detail, bubbles: true, composed: true, cancelable: true });
return !this.dispatchEvent(event);
}
}
function localeOf(lang ) {
try {
const { language, script, region } = new Intl.Locale(lang);
return [language, script, region].filter((part) => part !== undefined).join('-');
} catch {
return undefined;
}
}
if (customElements.get('intervault-slot') === undefined)
customElements.define('intervault-slot', IntervaultSlot);
