/** Every call to the Docker Engine by the name that SLUICE_FAULT takes, with a word on what it does. */
export const DOCKER_POINTS = {
  "docker.version": "the engine's version is asked for",
  "docker.ping": "the engine is asked on a new connection whether it is there",
  "docker.events": "the engine's events are subscribed to",
  "docker.createContainer": "a container is made",
  "docker.startContainer": "a container is started, also one that was parked",
  "docker.inspectContainer": "a container is looked at",
  "docker.listContainers": "the sweep lists containers",
  "docker.stopContainer": "a container is parked",
  "docker.removeContainer": "a container is removed",
  "docker.info": "the engine is asked where it keeps its images",
  "docker.inspectImage": "an image is looked at",
  "docker.pullImage": "an image is pulled, to its last layer",
  "docker.buildImage": "an image is built, to its id",
  "docker.tagImage": "an image gets a name",
  "docker.pushImage": "an image is pushed, to its digest",
  "docker.askDigest": "the engine asks a registry which image a tag names",
  "docker.removeImage": "an image that nobody needs is removed from a full disk",
  "docker.createNetwork": "a network is made",
  "docker.inspectNetwork": "a network is looked at",
  "docker.connectNetwork": "a container is put on a session's network",
  "docker.listNetworks": "the sweep lists networks",
  "docker.removeNetwork": "a network is removed",
} as const;

/** A call to the Docker Engine at which a test may kill us or lose the answer. */
export type DockerPoint = keyof typeof DOCKER_POINTS;
