import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe-core finds wrong with a page as it is now, shadow trees included: one line for each element. */
export async function axeFindings(page: Page): Promise<string[]> {
  // Colours on their way from one scheme to the other are of neither: transitions last less than this.
  await page.waitForTimeout(400);
  await page.evaluate(
    () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
  );
  // Evaluated, not loaded: the page's policy forbids that, as it should.
  await page.evaluate(`if (!window.axe) { ${source} }`);
  return page.evaluate(`axe.run(document).then(({ violations }) => violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => [id, help, target.join(' '), failureSummary].join(': '))))`);
}
