// What the page was told when it was made: the document, where the sound is, and who is behind the page.

export const config = JSON.parse(document.getElementById("data").textContent);
