// In the browser's audio thread: blocks of a tenth of a second, mono, as signed 16-bit samples.

class Blocks extends AudioWorkletProcessor {
  constructor() {
    super();
    this.block = new Int16Array(Math.round(sampleRate / 10));
    this.filled = 0;
  }

  process([channels]) {
    const first = channels[0] || [];
    for (let place = 0; place < first.length; place++) {
      const mean = channels.reduce((sum, channel) => sum + channel[place], 0) / channels.length;
      this.block[this.filled++] = Math.max(-32768, Math.min(32767, Math.round(mean * 32768)));
      if (this.filled === this.block.length) {
        this.port.postMessage(this.block.slice().buffer);
        this.filled = 0;
      }
    }
    return true;
  }
}

registerProcessor("blocks", Blocks);
