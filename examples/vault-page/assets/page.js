// All the script that the vault's own page needs: its links open views of the slot, a message's document is downloaded.
const slot = document.querySelector('intervault-slot');

for (const button of document.querySelectorAll('[data-view]'))
  button.addEventListener('click', () => {
    slot.open(button.dataset.view);
    slot.scrollIntoView({ block: 'nearest' });
  });

for (const button of document.querySelectorAll('[data-write]'))
  button.addEventListener('click', () => {
    slot.write({ id: button.dataset.write, organizationName: button.dataset.name });
    slot.scrollIntoView({ block: 'nearest' });
  });

slot.addEventListener('intervault-document', ({ detail }) => {
  document.querySelector(`[data-exchange="${CSS.escape(detail.document)}"]`)?.click();
});
