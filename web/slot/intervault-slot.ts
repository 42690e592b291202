import { IntervaultSlot } from './element.ts';

if (customElements.get('intervault-slot') === undefined)
  customElements.define('intervault-slot', IntervaultSlot);
