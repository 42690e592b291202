import { agree, TOLERANCE } from './agreement.ts';
import { customerOf, type VaultCustomer } from './customer.ts';
import { send } from './messages.ts';
import { poll } from './poll.ts';
import type { Parties, Party } from './setup.ts';
import type { Timeline } from './timeline.ts';

/** Who is linked with whom, by link id. */
export type Links = { camille: string; elias: string; camilleC: string };

/** What was counted, none of it assumed. */
export type ContactReport = {
  /** Messages that a host took. */
  messages: number;
  /** Of these, seen in the vaults. */
  displayed: number;
  refusedByCap: number;
  /** Answers by people to what customers said. */
  replies: number;
  throttled: number;
};

/** The trade itself: places in each other's vaults, bounded by agreements and by what customers want. */
export async function playContacts(
  parties: Parties,
  links: Links,
  timeline: Timeline,
): Promise<{ report: ContactReport; killed: number; agreements: [string, string] }> {
  const { a, b, c } = parties;
  const agreements: [string, string] = [
    await agree([a, b], timeline),
    await agree([c, b], timeline, { capped: true }),
  ];
  const report: ContactReport = { messages: 0, displayed: 0, refusedByCap: 0, replies: 0, throttled: 0 };
  const camille = await customerOf(b, links.camille);
  const story = { ...parties, links, camille, report, timeline };

  const killed = await adviceDuringKill(story);
  await cappedOffer(story);
  const said = await askForPerson(story);
  await muteAndBack(story);
  await leaveAndBack(story);
  await imbalance(story);
  await answerByPerson(story, said);
  report.displayed += await lookAgain(story);
  return { report, killed, agreements };
}

type Story = Parties & { links: Links; camille: VaultCustomer; report: ContactReport; timeline: Timeline };

/** Sends, and counts what the host took. */
async function post(
  { report }: Story,
  from: Party,
  link: string,
  category: 'service' | 'advice' | 'offer',
  title: string,
) {
  const sent = await send(from, link, category, { title, body: 'Nous restons à **votre** disposition.' });
  if (sent.state === 'placed' || sent.state === 'deferred') report.messages++;
  return sent;
}

/** The host dies while messages are on their way; they arrive once. */
async function adviceDuringKill(story: Story): Promise<number> {
  const { a, b, links, timeline } = story;
  const sending = [
    post(story, a, links.camille, 'advice', 'Votre épargne, en trois minutes'),
    post(story, a, links.elias, 'advice', 'Bienvenue chez nous'),
    post(story, a, links.camille, 'service', 'Votre nouvelle carte est en route'),
  ];
  await b.institution.kill();
  timeline.say(b.institution.name, 'killed (SIGKILL) while messages are on their way');
  await b.institution.start();
  await Promise.all(sending);
  timeline.say(b.institution.name, 'restarted; each message is in its slot, once');
  return 1;
}

async function cappedOffer(story: Story): Promise<void> {
  const { c, links, report, timeline } = story;
  await post(story, c, links.camilleC, 'offer', 'La fibre à moitié prix');
  const second = await post(story, c, links.camilleC, 'offer', 'Et le mobile aussi');
  if (second.code === 'message.cap') report.refusedByCap++;
  timeline.say(c.institution.name, `one offer a day: the second one was answered ${second.code}`);
}

async function askForPerson(story: Story): Promise<{ id: string; thread: string }> {
  const { a, b, camille, report, timeline } = story;
  const seen = await camille.look();
  report.displayed += seen;
  timeline.say(b.institution.name, `its customer looks, and sees ${seen} messages`);
  const ofBank = (await camille.feed()).find(({ from }) => from.organizationName === a.institution.name);
  const said = await camille.say({
    kind: 'ask_human',
    message: ofBank?.id,
    text: 'Pouvez-vous m’expliquer ?',
    language: 'fr',
  });
  timeline.say(b.institution.name, 'its customer asks for a person');
  return said;
}

async function muteAndBack(story: Story): Promise<void> {
  const { b, c, camille, links, timeline } = story;
  await camille.mute(c.institution.url);
  const muted = await post(story, c, links.camilleC, 'advice', 'Un conseil réseau');
  await camille.unmute(c.institution.url);
  const heard = await post(story, c, links.camilleC, 'advice', 'Un conseil réseau');
  timeline.say(
    b.institution.name,
    `its customer muted ${c.institution.name} (${muted.code}), and undid it (${heard.state})`,
  );
}

async function leaveAndBack(story: Story): Promise<void> {
  const { a, b, links, timeline } = story;
  await b.vault.post(`/v1/links/${links.elias}/revoke`);
  await untilLink(a, links.elias, 'restorable');
  const gone = await post(story, a, links.elias, 'advice', 'Vous nous manquez');
  await b.vault.post(`/v1/links/${links.elias}/restore`);
  await untilLink(a, links.elias, 'active');
  const back = await post(story, a, links.elias, 'advice', 'Heureux de vous revoir');
  timeline.say(
    b.institution.name,
    `another customer left ${a.institution.name} (${gone.code}), and came back (${back.state})`,
  );
}

/** A posts until B is ahead by more than was agreed; B posts in A's vault, and the balance clears. */
async function imbalance(story: Story): Promise<void> {
  const { a, b, links, report, timeline } = story;
  let throttled = await post(story, a, links.camille, 'advice', 'Encore un mot');
  for (let count = 0; throttled.code !== 'ledger.throttled' && count <= 2 * TOLERANCE; count++)
    throttled = await post(story, a, links.elias, 'advice', 'Et un autre');
  if (throttled.code === 'ledger.throttled') report.throttled++;
  timeline.say(
    b.institution.name,
    `hosts ${TOLERANCE} units more than it got: ${a.institution.name} is throttled`,
  );
  const offers = [
    await post(story, b, links.camille, 'offer', 'Une assurance habitation'),
    await post(story, b, links.elias, 'offer', 'Une assurance auto'),
  ];
  const vault = await customerOf(a, links.camille);
  report.displayed += await vault.look();
  const cleared = await poll(async () => {
    const sent = await post(story, a, links.camille, 'advice', 'Merci de votre patience');
    return sent.code === 'ledger.throttled' ? undefined : sent;
  }, 'the end of the throttle');
  timeline.say(
    a.institution.name,
    `hosted ${offers.length} offers of ${b.institution.name} in return: its next message was ${cleared.state}`,
  );
}

async function answerByPerson(story: Story, said: { id: string; thread: string }): Promise<void> {
  const { a, camille, report, timeline } = story;
  await poll(async () => {
    const { replies } = await a.integrator.get<{ replies: { id: string }[] }>('/v1/replies?waiting=true');
    return replies.find(({ id }) => id === said.id);
  }, 'what the customer said');
  await a.integrator.post(`/v1/replies/${said.id}/answers`, {
    handledBy: 'human',
    text: 'Bien sûr : je vous appelle **demain à 10 h**.',
    language: 'fr',
  });
  await poll(async () => {
    const entries = await camille.thread(said.thread);
    return entries.find(({ handledBy }) => handledBy === 'human');
  }, 'the answer');
  report.replies++;
  timeline.say(a.institution.name, 'a person answered, and the customer reads it in the thread');
}

async function lookAgain({ b, camille, links }: Story): Promise<number> {
  const elias = await customerOf(b, links.elias);
  return (await camille.look()) + (await elias.look());
}

async function untilLink({ vault }: Party, link: string, state: string): Promise<void> {
  await poll(async () => {
    const found = await vault.get<{ state: string }>(`/v1/links/${link}`);
    return found.state === state ? found : undefined;
  }, `the link as ${state}`);
}
