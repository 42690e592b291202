import type { FastifyPluginAsync } from 'fastify';
import { type ApiAccess, peerIdOf } from '../api-access.ts';
import { reportCsv } from './figures.ts';
import { reportPage } from './page.ts';
import type { Reports } from './service.ts';
import type { ReportLanguage } from './texts.ts';

type Asked = {
  Params: { peer: string };
  Querystring: { from: string; to: string; format: 'json' | 'csv' | 'html'; lang: ReportLanguage };
};

/** The institution API's reports. */
export function reportRoutes(reports: Reports, access: ApiAccess): FastifyPluginAsync {
  return async (app) => {
    app.get<Asked>(
      '/reports/relationship/:peer',
      access.operation('getRelationshipReport'),
      async (request, reply) => {
        const { from, to, format, lang } = request.query;
        const report = await reports.relationship({ peer: peerIdOf(request.params.peer), from, to });
        switch (format) {
          case 'csv':
            return reply
              .headers({
                'content-type': 'text/csv; charset=utf-8; header=present',
                'content-disposition': `attachment; filename="relationship-${from}-${to}.csv"`,
              })
              .send(reportCsv(report));
          case 'html':
            return reply
              .headers({
                'content-type': 'text/html; charset=utf-8',
                'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
              })
              .send(reportPage(report, lang));
          default:
            return report;
        }
      },
    );
  };
}
