/**
 * What the institution API refuses of slots and messages, beside the federation's own `slot.*`, `message.*`, `link.*` and
 * `agreement.*` codes (protocol/refusal), which mean the same here.
 */
export const slotProblems = {
  'slot.not_found': { status: 404, title: 'This node hosts no such slot for this peer', retryable: false },
  'message.not_found': { status: 404, title: 'This node has sent no such message', retryable: false },
  'message.invalid': { status: 400, title: 'The message is not acceptable', retryable: false },
  'message.unanswered': {
    status: 502,
    title: 'The peer gave no answer that tells what it would do',
    retryable: true,
  },
  'thread.not_found': { status: 404, title: 'This customer has no such conversation', retryable: false },
  'reply.not_found': { status: 404, title: 'There is no such reply here', retryable: false },
  'reply.sent': { status: 409, title: 'It has left and cannot be undone any more', retryable: false },
  'customer.not_found': { status: 404, title: 'This node has no such customer', retryable: false },
  'contact.input': {
    status: 400,
    title: 'A field of the customer’s wishes is not acceptable',
    retryable: false,
  },
} as const;

export type SlotProblemCode = keyof typeof slotProblems;
