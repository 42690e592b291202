export type Language = 'fr' | 'en';

type Texts = {
  home: string;
  conversations: string;
  settings: string;
  other: { language: Language; name: string };
  skip: string;
  hello: (name: string) => string;
  lead: string;
  documents: string;
  noDocuments: string;
  issued: string;
  download: string;
  institutions: string;
  write: string;
  writeTo: (name: string) => string;
  noInstitutions: string;
  promises: { title: string; lines: string[]; learned: string };
  foot: string;
};

export const TEXTS: Record<Language, Texts> = {
  fr: {
    home: 'Accueil',
    conversations: 'Échanges',
    settings: 'Réglages',
    other: { language: 'en', name: 'English' },
    skip: 'Aller au contenu',
    hello: (name) => `Bonjour ${name}`,
    lead: 'Vos documents et vos institutions, au même endroit.',
    documents: 'Derniers documents',
    noDocuments: 'Vos documents apparaîtront ici dès qu’une institution en déposera.',
    issued: 'Émis le',
    download: 'Télécharger',
    institutions: 'Institutions reliées',
    write: 'Écrire',
    writeTo: (name) => `Écrire à ${name}`,
    noInstitutions: 'Aucune institution n’est reliée à votre coffre.',
    promises: {
      title: 'C’est vous qui décidez',
      lines: [
        'Peu de messages, et jamais aux heures que vous réservez.',
        'Une personne vous répond si vous le demandez.',
        'Chaque choix peut être annulé.',
      ],
      learned: 'Voir ce qui est transmis de moi',
    },
    foot: 'Page d’exemple d’un coffre-fort numérique relié à Intervault.',
  },
  en: {
    home: 'Home',
    conversations: 'Conversations',
    settings: 'Settings',
    other: { language: 'fr', name: 'Français' },
    skip: 'Skip to content',
    hello: (name) => `Hello ${name}`,
    lead: 'Your documents and your institutions, in one place.',
    documents: 'Latest documents',
    noDocuments: 'Your documents will appear here as soon as an institution files one.',
    issued: 'Issued',
    download: 'Download',
    institutions: 'Linked institutions',
    write: 'Write',
    writeTo: (name) => `Write to ${name}`,
    noInstitutions: 'No institution is linked to your vault.',
    promises: {
      title: 'You decide',
      lines: [
        'Few messages, and never in the hours you keep for yourself.',
        'A person answers you if you ask for one.',
        'Every choice can be undone.',
      ],
      learned: 'See what is passed on about me',
    },
    foot: 'Example page of a digital vault linked to Intervault.',
  },
};
