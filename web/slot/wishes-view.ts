import type { SlotContext } from './context.ts';
import { freshId, h, listen } from './dom.ts';
import { explain } from './failure.ts';
import { createFrame, type View } from './frame.ts';
import { createMutes, type Mutes } from './mutes.ts';
import type { Calm, Contact, Wishes } from './shapes.ts';
import { createUndoStrip, type UndoStrip } from './undo-strip.ts';

const EVENING = { from: '20:00', to: '08:00' };

/** How the customer wants to be written to: how often, when not, and by whom not at all. */
export function createWishesView(
  context: SlotContext,
  /** Names of institutions, as far as the page has met them. */
  known: ReadonlyMap<string, string>,
  onBack: () => void,
): View {
  const { texts, api } = context;
  const frame = createFrame({ title: texts.wishes, back: texts.back, onBack, context });
  let form: WishesForm | undefined;
  let mutes: Mutes | undefined;
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

const keyOf = (calm: Calm | undefined) =>
  calm === undefined ? 'none' : `${calm.max}/${calm.per}/${calm.unit}`;

function calmOf(key: string): Calm | undefined {
  const [max, per, unit] = key.split('/');
  return unit === undefined ? undefined : { max: Number(max), per: Number(per), unit: unit as Calm['unit'] };
}

type WishesForm = { element: HTMLElement; close(): void };

/** Saving leaves an undo, which puts back what held before. */
function createWishesForm(contact: Contact, { texts, api, announce, complain }: SlotContext): WishesForm {
  const [calmId, hintId, quietId] = [freshId(), freshId(), freshId()];
  const { mutes: _mutes, ...given } = contact;
  let held: Wishes = given;
  let strip: UndoStrip | undefined;
  const choices = { ...texts.calmChoices };
  if (given.calm !== undefined)
    choices[keyOf(given.calm)] ??= texts.calmOther(given.calm.max, given.calm.per, given.calm.unit);
  const calm = h(
    'select',
    { id: calmId, 'aria-describedby': hintId },
    ...Object.entries(choices).map(([value, label]) => h('option', { value }, label)),
  );
  const quiet = h('input', { type: 'checkbox', id: quietId });
  const time = (label: string) => {
    const input = h('input', { type: 'time', required: true });
    return { input, field: h('label', { class: 'time' }, label, input) };
  };
  const [from, to] = [time(texts.from), time(texts.until)];
  const hours = h('div', { class: 'row' }, from.field, to.field);
  const save = h('button', { type: 'submit', class: 'button main', part: 'button' }, texts.save);
  const said = h('div', {});

  function show(wishes: Wishes): void {
    calm.value = keyOf(wishes.calm);
    quiet.checked = wishes.quiet !== undefined;
    from.input.value = wishes.quiet?.from ?? EVENING.from;
    to.input.value = wishes.quiet?.to ?? EVENING.to;
    hours.hidden = !quiet.checked;
  }

  function wished(): Wishes {
    const { calm: _calm, quiet: _quiet, ...kept } = held;
    const zone = held.quiet?.zone ?? held.zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
    const chosen = calmOf(calm.value);
    return {
      ...kept,
      ...(chosen !== undefined && { calm: chosen }),
      ...(quiet.checked && { quiet: { from: from.input.value, to: to.input.value, zone } }),
    };
  }

  function clear(): void {
    strip?.close();
    strip = undefined;
    said.replaceChildren();
  }

  async function set(wishes: Wishes): Promise<boolean> {
    try {
      const { mutes: _now, ...kept } = await api.setContact(wishes);
      held = kept;
      return true;
    } catch (error) {
      complain(explain(error, 'change', texts));
      return false;
    }
  }

  async function submit(): Promise<void> {
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

  async function putBack(before: Wishes): Promise<void> {
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
