// Shows the specification. Everything comes from this server; without validatorUrl: null Swagger UI
// would send the specification's address to a validator elsewhere. The header lets a browser that is
// logged in by cookie try requests that change something.
window.ui = SwaggerUIBundle({
  url: "/api/v1/openapi.json",
  dom_id: "#ui",
  validatorUrl: null,
  deepLinking: true,
  requestInterceptor: (request) => {
    request.headers["X-Vigil-Csrf"] = "1";
    return request;
  },
});
