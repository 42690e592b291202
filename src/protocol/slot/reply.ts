/** What a customer says to a guest: something, or that they want a person, or a call. */
export type CustomerWord = {
  from: 'customer';
  kind: 'reply' | 'ask_human' | 'callback';
  /** The exchange that began the conversation; absent where this word does. */
  thread?: string;
  /** The message it is said to. */
  message?: string;
  /** Plain text. */
  text?: string;
  /** BCP 47. */
  language?: string;
};

/** What a guest answers a customer. */
export type GuestAnswer = {
  from: 'guest';
  thread: string;
  /** The newest word of the customer that it answers, and all before it. */
  answers: string;
  handledBy: 'human' | 'bot';
  /** Plain text or the Markdown subset of messages. */
  text: string;
  language: string;
};

/** Body of `slot.reply`. */
export type SlotReplyBody = CustomerWord | GuestAnswer;

/** Words of one customer to one guest that a host sends in any 24 hours, whatever the conversation. */
export const CUSTOMER_WORDS_A_DAY = 20;
/** Words of one customer that a guest takes in 24 hours: those of several days may come at once, after an outage. */
export const CUSTOMER_WORDS_TAKEN_A_DAY = 200;
/** Answers in a row to a customer who says nothing more: a conversation is no slot. */
export const ANSWERS_IN_A_ROW = 5;
