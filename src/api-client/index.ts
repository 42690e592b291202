export { ApiError, type ApiClient, createApiClient, type Submission } from './client.ts';
