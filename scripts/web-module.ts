// Makes web/intervault-slot.js, the one module that a node serves and a vault's page loads, of the sources in web/slot:
//
//   node scripts/web-module.ts
import { writeFile } from 'node:fs/promises';
import { composeWebModule, WEB_MODULE } from './web-module/compose.ts';

await writeFile(WEB_MODULE, composeWebModule());
