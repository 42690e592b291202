export {
  type ApiClient,
  type ApiClientOptions,
  ApiError,
  createApiClient,
  type Submission,
} from './client.ts';
