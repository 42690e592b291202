import type { SlotContext } from './context.ts';
import { button, type Child, h, hidden, listen, outwardLink, safeAddress } from './dom.ts';
import { icon } from './icons.ts';
import type { FeedItem, MessageAction, ReplyKind } from './shapes.ts';

const PHONE = /^\+[0-9]{4,15}$/;

type Answer = (kind: ReplyKind) => void;

/** What the message itself offers: at most two, the first of them stands out. */
export function actionControls(item: FeedItem, context: SlotContext, answer: Answer): Child[] {
  return item.actions.map((action, index) =>
    actionControl(action, { class: index === 0 ? 'button main' : 'button', item, context, answer }),
  );
}

function actionControl(
  action: MessageAction,
  given: { class: string; item: FeedItem; context: SlotContext; answer: Answer },
): Child {
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
          if ((event as MouseEvent).button === 1) clicked();
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
      // An action of a later version of the protocol.
      return undefined;
  }
}

/** How to reach a person: always there, whatever the message is. */
export function humanControls(item: FeedItem, context: SlotContext, answer: Answer): Child[] {
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

/** As it is read out: a French number in pairs, any other as it was given. */
function spaced(number: string): string {
  const french = /^\+33([1-9])([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})$/.exec(number);
  return french === null ? number : ['+33', ...french.slice(1)].join('\u00a0');
}
