import type { SlotContext } from './context.ts';
import { button, freshId, h, listen } from './dom.ts';
import { explain } from './failure.ts';
import { createFrame, type View } from './frame.ts';
import type { Calm, Contact, Wishes } from './shapes.ts';

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
  void frame.fill(async () => {
    const contact = await api.contact();
    const names = await namesOf(contact, context, known);
    return [wishesForm(contact, context), ...mutes(contact, context, names)];
  });
  return frame;
}

const keyOf = (calm: Calm | undefined) =>
  calm === undefined ? 'none' : `${calm.max}/${calm.per}/${calm.unit}`;

function calmOf(key: string): Calm | undefined {
  const [max, per, unit] = key.split('/');
  return unit === undefined ? undefined : { max: Number(max), per: Number(per), unit: unit as Calm['unit'] };
}

function wishesForm(contact: Contact, { texts, api, announce, complain }: SlotContext): HTMLElement {
  const [calmId, hintId, quietId] = [freshId(), freshId(), freshId()];
  const choices = { ...texts.calmChoices };
  const chosen = keyOf(contact.calm);
  if (contact.calm !== undefined)
    choices[chosen] ??= texts.calmOther(contact.calm.max, contact.calm.per, contact.calm.unit);
  const calm = h(
    'select',
    { id: calmId, 'aria-describedby': hintId },
    ...Object.entries(choices).map(([value, label]) => h('option', { value }, label)),
  );
  calm.value = chosen;
  const quiet = h('input', { type: 'checkbox', id: quietId });
  quiet.checked = contact.quiet !== undefined;
  const time = (label: string, value: string) => {
    const input = h('input', { type: 'time', required: true });
    input.value = value;
    return { input, field: h('label', { class: 'time' }, label, input) };
  };
  const from = time(texts.from, contact.quiet?.from ?? EVENING.from);
  const to = time(texts.until, contact.quiet?.to ?? EVENING.to);
  const hours = h('div', { class: 'row', hidden: !quiet.checked }, from.field, to.field);
  const note = h('p', { class: 'note', role: 'status' });

  async function save(): Promise<void> {
    const { mutes: _mutes, calm: _calm, quiet: _quiet, ...kept } = contact;
    const zone = contact.quiet?.zone ?? contact.zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
    const wished = calmOf(calm.value);
    const wishes: Wishes = {
      ...kept,
      ...(wished !== undefined && { calm: wished }),
      ...(quiet.checked && { quiet: { from: from.input.value, to: to.input.value, zone } }),
    };
    try {
      Object.assign(contact, await api.setContact(wishes));
      note.textContent = texts.saved;
      announce(texts.saved);
    } catch (error) {
      complain(explain(error, 'change', texts));
    }
  }

  return listen(
    h(
      'form',
      { class: 'form', part: 'form' },
      h('label', { for: calmId }, texts.calm),
      calm,
      h('p', { class: 'meta', id: hintId }, texts.calmHint),
      h('div', { class: 'check' }, quiet, h('label', { for: quietId }, texts.quiet)),
      hours,
      h(
        'div',
        { class: 'row' },
        h('button', { type: 'submit', class: 'button main', part: 'button' }, texts.save),
        note,
      ),
    ),
    {
      submit: (event) => {
        event.preventDefault();
        void save();
      },
      change: () => {
        hours.hidden = !quiet.checked;
        note.textContent = '';
      },
    },
  );
}

/** Who was muted long ago may not be among those that write now. */
async function namesOf(
  { mutes }: Contact,
  { api }: SlotContext,
  known: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, string>> {
  if (mutes.every(({ peer }) => known.has(peer))) return known;
  const { events } = await api.learned().catch(() => ({ events: [] }));
  return new Map([...known, ...events.map(({ from }) => [from.id, from.organizationName] as const)]);
}

function mutes(contact: Contact, context: SlotContext, names: ReadonlyMap<string, string>): HTMLElement[] {
  const { texts, api } = context;
  const none = h('p', { class: 'meta' }, texts.noMutes);
  const list = h('ul', { class: 'rows', role: 'list' });
  for (const { peer } of contact.mutes) {
    const name = names.get(peer) ?? peer;
    const entry = h('li', { class: 'muted' }, h('span', { class: 'from' }, name));
    const end = async () => {
      try {
        await api.unmute(peer);
      } catch (error) {
        context.complain(explain(error, 'change', texts));
        return;
      }
      context.announce(texts.unmuted(name));
      entry.remove();
      none.hidden = list.children.length > 0;
      title.focus();
    };
    entry.append(button({ class: 'button' }, () => void end(), texts.unmute(name)));
    list.append(entry);
  }
  none.hidden = contact.mutes.length > 0;
  const title = h(
    `h${Math.min(context.headingLevel + 1, 6)}` as 'h3',
    { class: 'title', tabindex: -1 },
    texts.mutedOnes,
  );
  return [title, none, list];
}
