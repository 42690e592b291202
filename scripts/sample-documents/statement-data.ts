import type { Text } from './data.ts';

/** The account statement's operations; the conventions (cents, dates) are those of data.ts. */
export type Operation = {
  readonly on: string;
  readonly valueOn: string;
  readonly label: Text;
  /** Above zero: credited; below: debited. */
  readonly amountCents: number;
};

const october = (
  day: number,
  amountCents: number,
  fr: string,
  en: string,
  valueDay: number = day,
): Operation => ({
  on: `2026-10-${String(day).padStart(2, '0')}`,
  valueOn: `2026-10-${String(valueDay).padStart(2, '0')}`,
  label: { fr, en },
  amountCents,
});

export const statement = {
  number: '2026-10',
  issuedAt: '2026-11-02',
  periodFrom: '2026-10-01',
  periodTo: '2026-10-31',
  openingCents: 2_274_36,
  operations: [
    october(1, -845_00, "Virement permanent, loyer d'octobre", 'Standing order, October rent'),
    october(2, -7_40, 'Carte, boulangerie du Marché', 'Card, boulangerie du Marché'),
    october(2, -63_18, 'Carte, supérette des Halles', 'Card, supérette des Halles'),
    october(
      5,
      -20_47,
      'Prélèvement Assurance B, contrat MRH 5501 2048',
      'Direct debit Assurance B, policy MRH 5501 2048',
    ),
    october(5, -58_90, 'Prélèvement Électricité du Val', 'Direct debit Électricité du Val'),
    october(6, -24_50, "Carte, librairie L'Encre bleue", "Card, librairie L'Encre bleue"),
    october(7, -60_00, 'Retrait, distributeur place des Tilleuls', 'Cash withdrawal, place des Tilleuls'),
    october(
      8,
      45_00,
      'Virement reçu de M. Noël Rivière, cadeau commun',
      'Transfer from Mr Noël Rivière, shared gift',
    ),
    october(9, -39_99, 'Prélèvement Fibre et mobile du Val', 'Direct debit Fibre et mobile du Val'),
    october(10, -71_26, 'Carte, supérette des Halles', 'Card, supérette des Halles', 12),
    october(12, -12_85, 'Carte, pharmacie des Érables', 'Card, pharmacie des Érables'),
    october(13, 18_70, 'Virement reçu, remboursement de soins', 'Transfer received, health care refund'),
    october(14, -19_80, 'Carte, cinéma Le Rêve', 'Card, cinéma Le Rêve'),
    october(
      15,
      -243_60,
      'Prélèvement Banque A, facture FA-2026-001873',
      'Direct debit Banque A, invoice FA-2026-001873',
    ),
    october(16, -189_00, 'Carte, garage du Canal', 'Card, garage du Canal'),
    october(17, -58_43, 'Carte, supérette des Halles', 'Card, supérette des Halles', 19),
    october(19, -120_00, 'Chèque n° 0000127', 'Cheque no. 0000127'),
    october(20, -200_00, "Virement vers votre livret d'épargne", 'Transfer to your savings account'),
    october(21, -76_00, 'Carte, billets de train aller-retour', 'Card, return train tickets'),
    october(22, 150_00, 'Remise de chèque', 'Cheque deposited', 23),
    october(23, -48_60, 'Carte, restaurant Chez Anaïs', 'Card, restaurant Chez Anaïs'),
    october(24, -66_91, 'Carte, supérette des Halles', 'Card, supérette des Halles', 26),
    october(26, -34_12, 'Prélèvement Eau de Villemodèle', 'Direct debit Eau de Villemodèle'),
    october(27, -29_90, 'Carte, fleuriste du Pont-Neuf', 'Card, fleuriste du Pont-Neuf'),
    october(
      28,
      2_349_59,
      'Virement reçu de Banque A, salaire BP-2026-10-004217',
      'Transfer from Banque A, salary BP-2026-10-004217',
    ),
    october(29, -43_00, 'Prélèvement Transports de Villemodèle', 'Direct debit Transports de Villemodèle'),
    october(30, -9_20, 'Carte, boulangerie du Marché', 'Card, boulangerie du Marché'),
    october(30, -11_25, 'Cotisation trimestrielle de votre carte', 'Quarterly fee for your card'),
  ] satisfies readonly Operation[],
  overdraftLimitCents: 400_00,
} as const;
