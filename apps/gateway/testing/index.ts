export { type Money, openRoom, Room, type RoomKey, type RoomSettings, type RoomTrader } from './room.js';
