// A pipeline in JavaScript without any SDK: a program that prints the document is a pipeline.
const task = (id, script, depends_on = {}) => ({ id, image: "busybox:latest", command: ["sh", "-c", script], depends_on });

const services = ["users", "orders"];
const document = {
  id: "node",
  name: "Written in JavaScript",
  description: "One build for each service, then a release.",
  tasks: [
    ...services.map((s) => task(`build-${s}`, `echo building ${s}`)),
    task("release", "echo releasing", Object.fromEntries(services.map((s) => [`build-${s}`, "success"]))),
  ],
};
console.log(JSON.stringify(document, null, 2));
