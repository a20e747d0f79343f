// A Hono application, for both sides.
//
// * GET /hono/<name>: a greeting, through a middleware and a route with a parameter

import { Hono } from "hono";

const app = new Hono();

app.use(async (c, next) => {
  await next();
  c.header("x-served-by", "hono");
});
app.get("/", (c) => c.text("hono"));
app.get("/hono/:name", (c) => c.text(`hello ${c.req.param("name")}`));
app.post("/hono/:name", async (c) => c.json({ name: c.req.param("name"), sent: await c.req.json() }));
app.notFound((c) => c.text("not found", 404));

export default app;
