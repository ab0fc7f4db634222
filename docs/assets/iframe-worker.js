// Lets the search of these pages work where they are opened from a folder: a browser starts no Worker there, so one is
// played by a hidden frame. Messages go both ways as events; scripts that the worker imports are loaded in order.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super()
      this.waiting = []
      this.ready = false
      this.onmessage = null
      const frame = document.createElement("iframe")
      frame.hidden = true
      frame.title = "search"
      document.body.appendChild(frame)
      this.inside = frame.contentWindow
      this.inside.postMessage = data => this.deliver(data)
      this.inside.importScripts = (...urls) =>
        urls.reduce((before, next) => before.then(() => this.load(next)), Promise.resolve())
      this.load(new URL(url, location.href).href).then(() => {
        this.ready = true
        this.waiting.splice(0).forEach(data => this.postMessage(data))
      })
    }
    load(url) {
      return new Promise((resolve, reject) => {
        const script = this.inside.document.createElement("script")
        script.src = url
        script.onload = resolve
        script.onerror = reject
        this.inside.document.body.appendChild(script)
      })
    }
    deliver(data) {
      const event = new MessageEvent("message", {data})
      this.dispatchEvent(event)
      if (this.onmessage) this.onmessage(event)
    }
    postMessage(data) {
      if (!this.ready) {
        this.waiting.push(data)
        return
      }
      const event = new this.inside.MessageEvent("message", {data})
      this.inside.dispatchEvent(event)
      if (typeof this.inside.onmessage === "function") this.inside.onmessage(event)
    }
    terminate() {}
  }
}
